// Resolvers as they are usually written: rows as they come, and a DataLoader of each relation for each request.

import DataLoader from "dataloader";
import { byAppointment, byId, rows } from "./database.js";
import { DateTime } from "./schema.js";

const one = (name) => new DataLoader(async (ids) => {
  const found = await byId(name, ids);
  return ids.map((id) => found.get(id) ?? null);
});

const many = (name) => new DataLoader(async (ids) => {
  const found = await byAppointment(name, ids);
  return ids.map((id) => found.get(id));
});

export const makeLoaders = () => ({
  clients: one("CLIENTS_BY_ID"),
  services: one("SERVICES_BY_ID"),
  specialists: one("SPECIALISTS_BY_ID"),
  lines: many("LINES_OF"),
  payments: many("PAYMENTS_OF"),
});

export const resolvers = {
  DateTime,
  Query: {
    appointments: async (_root, { first }) => ({ nodes: await rows("APPOINTMENTS", first) }),
  },
  Appointment: {
    startsAt: (row) => row.starts_at,
    client: (row, _arguments, { loaders }) => loaders.clients.load(row.client_id),
    lines: (row, _arguments, { loaders }) => loaders.lines.load(row.id),
    payments: (row, _arguments, { loaders }) => loaders.payments.load(row.id),
  },
  AppointmentLine: {
    startsAt: (row) => row.starts_at,
    service: (row, _arguments, { loaders }) => loaders.services.load(row.service_id),
    specialist: (row, _arguments, { loaders }) => loaders.specialists.load(row.specialist_id),
  },
  Payment: {
    amount: (row) => ({ amount: row.amount, currency: row.currency }),
  },
};
