"""The host API: the only names that a plugin imports (`remit.plugin`, `remit.testing`), re-exported and versioned.

May import `resolvers` and below; defines nothing itself. A name is added here before a plugin may use it,
and leaves by deprecation only.
"""
