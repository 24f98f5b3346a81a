"""The pages that Remit itself shows in a browser, and the addresses that machines ask about its state.

Layer of `resolvers`. Everything a page loads comes from this package: pages work without the internet and under a
Content-Security-Policy that allows no inline script and no inline style.
"""
