-- design by_time: partitioned by time, the leaves not granted
@start@
CREATE TABLE events (tenant_id uuid NOT NULL REFERENCES tenants, at timestamptz NOT NULL, id bigint NOT NULL, what text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, at, id)) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_d PARTITION OF events DEFAULT;
INSERT INTO events SELECT id, '2026-01-02', 1 FROM tenants;
@own(events)@

-- design by_tenant: partitioned by list of tenants and by hash
@start@
CREATE TABLE docs (tenant_id uuid NOT NULL REFERENCES tenants, id bigint NOT NULL, what text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (tenant_id);
CREATE TABLE docs_big PARTITION OF docs FOR VALUES IN ('cccccccc-0000-4000-8000-000000000001');
CREATE TABLE docs_rest PARTITION OF docs DEFAULT;
CREATE TABLE logs (tenant_id uuid NOT NULL REFERENCES tenants, id bigint NOT NULL, what text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE logs_0 PARTITION OF logs FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO docs SELECT id, 1 FROM tenants; INSERT INTO logs SELECT id, 1 FROM tenants;
@own(docs, logs)@

-- design generated: generated columns, a check, a default from the context
@start@
CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id uuid NOT NULL DEFAULT nullif(current_setting('app.tenant', true), '')::uuid REFERENCES tenants, price numeric NOT NULL DEFAULT 1 CHECK (price >= 0), amount int NOT NULL DEFAULT 1, total numeric GENERATED ALWAYS AS (price * amount) STORED, PRIMARY KEY (tenant_id, id));
INSERT INTO items (tenant_id) SELECT id FROM tenants;
@own(items)@
GRANT USAGE ON SEQUENCE items_id_seq TO web;

-- design invoker_view: an updatable invoker's view with a check option
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '', done boolean NOT NULL DEFAULT false);
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
CREATE VIEW open_notes WITH (security_invoker = true) AS SELECT * FROM notes WHERE NOT done WITH CHECK OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE ON open_notes TO web;

-- design barrier_view: a security barrier's view whose owner the policies bind
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '', done boolean NOT NULL DEFAULT false);
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
CREATE VIEW done_notes WITH (security_barrier = true) AS SELECT id, tenant_id, body FROM notes WHERE done;
GRANT SELECT ON done_notes TO web;

-- design stored_view: a materialized view that no tenant reaches, beside a function of the owner that refreshes it
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
CREATE MATERIALIZED VIEW counts AS SELECT tenant_id, count(*) FROM notes GROUP BY 1;
CREATE FUNCTION refresh_counts() RETURNS void LANGUAGE sql AS $$ REFRESH MATERIALIZED VIEW counts $$;
REVOKE ALL ON FUNCTION refresh_counts() FROM PUBLIC;

-- design audited: an audit trail written by a trigger with its owner's rights, approved
-- approve: [{kind: function, name: "public.log_change()"}, {kind: trigger, name: "log on notes"}]
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE TABLE changes (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id uuid NOT NULL, at timestamptz NOT NULL DEFAULT now(), what text NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants; INSERT INTO changes (tenant_id, what) SELECT id, 'x' FROM tenants;
@own(notes)@
ALTER TABLE changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON changes FOR SELECT USING (@mine@);
ALTER TABLE changes FORCE ROW LEVEL SECURITY; CREATE POLICY log ON changes FOR INSERT TO keeper WITH CHECK (true);
GRANT SELECT ON changes TO web;
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN INSERT INTO public.changes (tenant_id, what) VALUES (coalesce(NEW.tenant_id, OLD.tenant_id), TG_OP); RETURN NULL; END $$;
REVOKE ALL ON FUNCTION log_change() FROM PUBLIC;
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION log_change();

-- design touched: a trigger that sets updated_at, approved
-- approve: [{kind: trigger, name: "touch on notes"}]
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '', updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();

-- design tenant_by_trigger: a trigger sets the tenant of new rows from the context, approved
-- approve: [{kind: trigger, name: "set_tenant on notes"}]
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
CREATE FUNCTION set_tenant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tenant_id := nullif(current_setting('app.tenant', true), '')::uuid; RETURN NEW; END $$;
CREATE TRIGGER set_tenant BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION set_tenant();

-- design booked: bookings that exclude each other within a tenant
-- needs: btree_gist
@start@
RESET ROLE; CREATE EXTENSION btree_gist; SET ROLE keeper;
CREATE TABLE bookings (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, room int NOT NULL DEFAULT 1, during tstzrange NOT NULL DEFAULT tstzrange(now(), now() + '1 hour'), EXCLUDE USING gist (tenant_id WITH =, room WITH =, during WITH &&));
CREATE INDEX ON bookings (tenant_id);
INSERT INTO bookings SELECT row_number() OVER (), id FROM tenants;
@own(bookings)@

-- design temporal: keys WITHOUT OVERLAPS, and a foreign key by PERIOD
-- since: 18
-- needs: btree_gist
@start@
RESET ROLE; CREATE EXTENSION btree_gist; SET ROLE keeper;
CREATE TABLE prices (tenant_id uuid NOT NULL REFERENCES tenants, sku text NOT NULL, valid daterange NOT NULL, price numeric NOT NULL DEFAULT 1, PRIMARY KEY (tenant_id, sku, valid WITHOUT OVERLAPS));
INSERT INTO prices SELECT id, 'a', '[2026-01-01,2027-01-01)' FROM tenants;
@own(prices)@

-- design virtual: virtual generated columns
-- since: 18
@start@
CREATE TABLE items (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, price numeric NOT NULL DEFAULT 1, amount int NOT NULL DEFAULT 1, total numeric GENERATED ALWAYS AS (price * amount) VIRTUAL);
CREATE INDEX ON items (tenant_id);
INSERT INTO items (id, tenant_id) SELECT row_number() OVER (), id FROM tenants;
@own(items)@

-- design inherited: a child table that inherits, each under a policy of its own
@start@
CREATE TABLE assets (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, name text NOT NULL DEFAULT '');
CREATE TABLE cars (plate text NOT NULL DEFAULT '', PRIMARY KEY (id), FOREIGN KEY (tenant_id) REFERENCES tenants) INHERITS (assets);
CREATE INDEX ON assets (tenant_id); CREATE INDEX ON cars (tenant_id);
INSERT INTO assets SELECT row_number() OVER (), id FROM tenants; INSERT INTO cars SELECT 100 + row_number() OVER (), id FROM tenants;
@own(assets, cars)@

-- design catalog: public catalogue tables that all read, one of them under a policy that is always true
-- manifest: {shared: [countries, plans]}
@start@
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL DEFAULT '');
CREATE TABLE plans (code text PRIMARY KEY, price numeric NOT NULL DEFAULT 0);
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, country char(2) NOT NULL DEFAULT 'CH' REFERENCES countries);
CREATE INDEX ON notes (tenant_id);
INSERT INTO countries VALUES ('CH'); INSERT INTO plans VALUES ('free');
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
ALTER TABLE plans ENABLE ROW LEVEL SECURITY; CREATE POLICY everybody ON plans FOR SELECT USING (true);
GRANT SELECT ON countries, plans TO web;

-- design deferred: foreign keys that are checked at the end
@start@
CREATE TABLE folders (tenant_id uuid NOT NULL REFERENCES tenants, id bigint NOT NULL, parent bigint, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, parent) REFERENCES folders DEFERRABLE INITIALLY DEFERRED);
INSERT INTO folders SELECT id, 1, NULL FROM tenants; SET CONSTRAINTS ALL IMMEDIATE;
@own(folders)@

-- design jsonb_docs: documents in JSON, with a GIN index and full text search
@start@
CREATE TABLE docs (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body jsonb NOT NULL DEFAULT '{}', words tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED);
CREATE INDEX ON docs (tenant_id); CREATE INDEX ON docs USING gin (body); CREATE INDEX ON docs USING gin (words);
INSERT INTO docs SELECT row_number() OVER (), id FROM tenants;
@own(docs)@

-- design numbered: a number for each tenant, from a counter table, by a function with the caller's rights
@start@
CREATE TABLE counters (tenant_id uuid NOT NULL REFERENCES tenants, name text NOT NULL, value bigint NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, name));
CREATE TABLE tickets (tenant_id uuid NOT NULL REFERENCES tenants, no bigint NOT NULL, PRIMARY KEY (tenant_id, no));
INSERT INTO counters SELECT id, 'tickets', 1 FROM tenants; INSERT INTO tickets SELECT id, 1 FROM tenants;
@own(counters, tickets)@
CREATE FUNCTION next_number(text) RETURNS bigint LANGUAGE sql AS $$ UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value $$;

-- design quoted: names that need quotes, in a schema that does
-- manifest: {schemas: ["Team Space"], root: Orgs, root_key: Id, key: Org Id, context: "app.Org"}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
CREATE SCHEMA "Team Space" AUTHORIZATION keeper; GRANT USAGE ON SCHEMA "Team Space" TO web;
SET ROLE keeper;
CREATE TABLE "Team Space"."Orgs" ("Id" uuid PRIMARY KEY);
CREATE TABLE "Team Space"."To-Do's" ("Id" bigint PRIMARY KEY, "Org Id" uuid NOT NULL REFERENCES "Team Space"."Orgs", "100%" numeric NOT NULL DEFAULT 1);
CREATE INDEX ON "Team Space"."To-Do's" ("Org Id");
INSERT INTO "Team Space"."Orgs" VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001');
INSERT INTO "Team Space"."To-Do's" SELECT row_number() OVER (), "Id" FROM "Team Space"."Orgs";
ALTER TABLE "Team Space"."To-Do's" ENABLE ROW LEVEL SECURITY; ALTER TABLE "Team Space"."To-Do's" FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON "Team Space"."To-Do's" TO web;
CREATE POLICY "Own rows" ON "Team Space"."To-Do's" USING ("Org Id" = nullif(current_setting('app.Org', true), '')::uuid);
