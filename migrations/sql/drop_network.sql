DROP TABLE installation, locations, networks CASCADE;
