// The pool of every contestant here but PostGraphile, and the statements that Python's rivals run, too.
// libpq's variables say where the database is; BENCH_STATEMENTS holds the statements by name.

import pg from "pg";

const INT8 = 20;
pg.types.setTypeParser(INT8, Number);

// Connections stay open between turns.
export const poolConfig = { min: 10, max: 10, idleTimeoutMillis: 0 };
export const network = process.env.BENCH_NETWORK;
const statements = JSON.parse(process.env.BENCH_STATEMENTS);
const pool = new pg.Pool(poolConfig);

// Named, so that PostgreSQL prepares each statement once a connection, as asyncpg has it do.
export async function rows(name, argument) {
  const { rows } = await pool.query({ name, text: statements[name], values: [network, argument] });
  return rows;
}

export async function byId(name, ids) {
  const found = await rows(name, [...new Set(ids)]);
  return new Map(found.map((row) => [row.id, row]));
}

export async function byAppointment(name, ids) {
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of await rows(name, ids)) found.get(row.appointment_id).push(row);
  return found;
}
