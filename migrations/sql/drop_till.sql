DROP TABLE payments, sale_lines, sales CASCADE;
