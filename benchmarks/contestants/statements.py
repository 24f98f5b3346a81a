"""The flat statements of the rivals that read rows: one for each level of a document, without rights and reaches."""

from __future__ import annotations

from typing import Final

APPOINTMENTS: Final = """
SELECT id, starts_at, ends_at, state, local_start, zone, source, client_id FROM appointments
WHERE network_id = $1 ORDER BY starts_at, id LIMIT $2
"""
APPOINTMENT: Final = """
SELECT id, starts_at, ends_at, state, local_start, zone, source, client_id FROM appointments
WHERE network_id = $1 AND id = $2
"""
CLIENTS_BY_ID: Final = "SELECT id, name FROM clients WHERE network_id = $1 AND id = ANY ($2)"
LINES_OF: Final = """
SELECT id, appointment_id, position, starts_at, service_id, specialist_id FROM appointment_lines
WHERE network_id = $1 AND appointment_id = ANY ($2) ORDER BY appointment_id, position
"""
SERVICES_BY_ID: Final = "SELECT id, name FROM services WHERE network_id = $1 AND id = ANY ($2)"
SPECIALISTS_BY_ID: Final = "SELECT id, name FROM specialists WHERE network_id = $1 AND id = ANY ($2)"
PAYMENTS_OF: Final = """
SELECT p.id, s.appointment_id, p.method, p.amount, s.currency FROM payments p
JOIN sales s ON s.network_id = p.network_id AND s.id = p.sale_id
WHERE p.network_id = $1 AND s.appointment_id = ANY ($2) ORDER BY p.captured_at, p.id
"""
CLIENTS: Final = """
SELECT id, name, language, created_at FROM clients WHERE network_id = $1 ORDER BY name_key, id LIMIT $2
"""
SPECIALISTS: Final = """
SELECT id, name, position, state FROM specialists WHERE network_id = $1 ORDER BY name, id LIMIT $2
"""
SERVICES: Final = "SELECT id, name, duration FROM services WHERE network_id = $1 ORDER BY name, id LIMIT $2"
JOURNAL: Final = """
SELECT id, seq, recorded_at, code, area, outcome FROM journal_entries WHERE chain_id = $1 ORDER BY seq DESC LIMIT $2
"""
