// Resolvers that are spared everything that can be: the root field runs one statement for each relation, as Remit does,
// and hands out whole trees of plain objects, which the default resolvers read.

import { byAppointment, byId, rows } from "./database.js";
import { DateTime } from "./schema.js";

async function appointments(_root, { first }) {
  const found = await rows("APPOINTMENTS", first);
  const ids = found.map((row) => row.id);
  const [clients, lines, payments] = await Promise.all([
    byId("CLIENTS_BY_ID", found.map((row) => row.client_id)),
    linesOf(ids),
    byAppointment("PAYMENTS_OF", ids),
  ]);
  const nodes = found.map((row) => ({
    id: row.id,
    startsAt: row.starts_at,
    state: row.state,
    client: clients.get(row.client_id),
    lines: lines.get(row.id),
    payments: payments.get(row.id).map(payment),
  }));
  return { nodes };
}

async function linesOf(appointmentIds) {
  const lines = await byAppointment("LINES_OF", appointmentIds);
  const all = [...lines.values()].flat();
  const [services, specialists] = await Promise.all([
    byId("SERVICES_BY_ID", all.map((row) => row.service_id)),
    byId("SPECIALISTS_BY_ID", all.map((row) => row.specialist_id)),
  ]);
  const line = (row) => ({
    id: row.id,
    position: row.position,
    startsAt: row.starts_at,
    service: services.get(row.service_id),
    specialist: specialists.get(row.specialist_id),
  });
  return new Map([...lines].map(([id, of]) => [id, of.map(line)]));
}

function payment(row) {
  return { id: row.id, method: row.method, amount: { amount: row.amount, currency: row.currency } };
}

export const resolvers = { DateTime, Query: { appointments } };
