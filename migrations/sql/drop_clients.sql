DROP TABLE client_locations, clients CASCADE;
