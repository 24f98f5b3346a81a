// The part of Remit's schema that is asked for, and how its DateTime is written.

import { GraphQLScalarType } from "graphql";

export const typeDefs = /* GraphQL */ `
  scalar DateTime
  type Client { id: ID! name: String! }
  type Service { id: ID! name: String! }
  type Specialist { id: ID! name: String! }
  type Money { amount: Int! currency: String! }
  type Payment { id: ID! method: String! amount: Money! }
  type AppointmentLine { id: ID! position: Int! startsAt: DateTime! service: Service! specialist: Specialist! }
  type Appointment {
    id: ID!
    startsAt: DateTime!
    state: String!
    client: Client
    lines: [AppointmentLine!]!
    payments: [Payment!]
  }
  type Appointments { nodes: [Appointment!]! }
  type Query { appointments(first: Int!): Appointments! }
`;

export const DateTime = new GraphQLScalarType({
  name: "DateTime",
  serialize: (instant) => instant.toISOString(),
});
