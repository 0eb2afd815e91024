-- A shop in PostgreSQL, and its checkout: all lines or none, once per request key.
CREATE TABLE stock (
  product text PRIMARY KEY,
  available integer NOT NULL CHECK (available >= 0)
) WITH (fillfactor = 50);
CREATE TABLE orders (
  id text PRIMARY KEY,
  request_key text NOT NULL UNIQUE,
  number bigint GENERATED ALWAYS AS IDENTITY,
  customer text NOT NULL,
  address text NOT NULL,
  total_paise bigint NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE lines (
  order_id text NOT NULL,
  product text NOT NULL,
  quantity integer NOT NULL
);

-- Returns the order id; NULL if there are not enough units.
CREATE FUNCTION checkout(
  a_key text, an_id text, a_customer text, an_address text, a_total bigint,
  products text[], quantities integer[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answered text;
  enough integer;
BEGIN
  SELECT id INTO answered FROM orders WHERE request_key = a_key;
  IF FOUND THEN RETURN answered; END IF;
  -- Locked in the order of the products, so that no two checkouts wait for each other.
  SELECT count(*) INTO enough FROM (
    SELECT available >= quantity AS is_enough
      FROM stock JOIN unnest(products, quantities) AS line (product, quantity) USING (product)
      ORDER BY product FOR UPDATE OF stock
  ) AS wanted WHERE is_enough;
  IF enough < cardinality(products) THEN RETURN NULL; END IF;
  UPDATE stock SET available = available - quantity
    FROM unnest(products, quantities) AS line (product, quantity)
    WHERE stock.product = line.product;
  INSERT INTO orders (id, request_key, customer, address, total_paise)
    VALUES (an_id, a_key, a_customer, an_address, a_total);
  INSERT INTO lines SELECT an_id, * FROM unnest(products, quantities);
  RETURN an_id;
END $$;
