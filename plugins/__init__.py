"""The plugin contract and its loader; below it, `plugins/support` is a bundled plugin.

`contract` and `loader` may import `policies`, `errors` and `settings`.
The core, `billing` and `plugins/support` register through the same `Plugin` object: there is one way in.
"""
