DROP TABLE service_links, service_prices, services CASCADE;
DROP TYPE uuid_range;
