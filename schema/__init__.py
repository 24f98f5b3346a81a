"""The API's shape: types, inputs, unions, scalars and errors, one file a topic; `schema.graphql` is the snapshot.

May import `execution`, `domain` and below; never `resolvers`. Nothing here reads the database:
a type says which batch function brings its relation, and `execution` calls it.
"""
