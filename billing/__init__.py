"""The billing plugin: seats derived from what people may do, and what they cost.

Imports `remit` and itself only, as any reseller's plugin. Seats are verdicts of `billing/policies`,
never entered by hand.
"""
