"""The API's speed: how a field is declared, and how a document's fields are carried out.

May import `domain` and below. The only package that knows Strawberry's and graphql-core's insides;
authors of types and root fields use the words of `execution.declaration` alone.
"""
