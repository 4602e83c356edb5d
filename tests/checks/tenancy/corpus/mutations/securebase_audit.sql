-- F01 critical static: the guard of the audit trail is disabled
-- by audit.table.append_only
ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change;
-- exploit admin a
@rewrite@;
-- repair
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;

-- F02 critical static: the guard fires on replicas alone
-- by audit.table.append_only
ALTER TABLE audit_events ENABLE REPLICA TRIGGER audit_events_no_change;
-- exploit admin a
@rewrite@;
-- repair
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;

-- F03 critical static: the guard stops UPDATE alone
-- by audit.table.append_only
DROP TRIGGER audit_events_no_change ON audit_events;
CREATE TRIGGER audit_events_no_change BEFORE UPDATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;
-- exploit admin a
DELETE FROM audit_events;
-- repair
@guard@

-- F04 critical static: the guard has a condition
-- by audit.table.append_only
DROP TRIGGER audit_events_no_change ON audit_events;
CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW WHEN (old.action <> 'key.used') EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;
-- exploit admin a
DELETE FROM audit_events WHERE action = 'key.used';
-- repair
@guard@

-- F05 critical static: the guard's function does nothing any more
-- by audit.table.append_only
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF tg_op = 'DELETE' THEN RETURN old; END IF; RETURN new; END $$;
-- exploit admin a
@rewrite@;
-- repair
@refuse@

-- F06 high static: nothing stops TRUNCATE
-- by audit.table.append_only
DROP TRIGGER audit_events_no_truncate ON audit_events;
-- exploit admin a
TRUNCATE audit_events;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM audit_events);
-- repair
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate;

-- F07 critical static: the application owns the guard's function
-- by audit.table.append_only
ALTER FUNCTION refuse_change() OWNER TO app;
-- no exploit: to replace it takes CREATE on the schema as well
-- repair
ALTER FUNCTION refuse_change() OWNER TO admin;

-- F08 critical static: the guard watches one column
-- by audit.table.append_only
DROP TRIGGER audit_events_no_change ON audit_events;
CREATE TRIGGER audit_events_no_change BEFORE DELETE OR UPDATE OF action ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;
-- exploit admin a
UPDATE audit_events SET actor = 'nobody';
-- repair
@guard@

-- F09 critical static dynamic: a rule throws away what is added
-- by audit.table.append_only
CREATE RULE noaudit AS ON INSERT TO audit_events DO INSTEAD NOTHING;
-- exploit app a
INSERT INTO audit_events (customer_id, actor, action, resource) VALUES (@A@, 'x', 'lost', 'x');
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM audit_events WHERE action = 'lost');
-- repair
DROP RULE noaudit ON audit_events;

-- F10 high static: deleting a customer deletes its audit trail
-- by audit.table.append_only
ALTER TABLE audit_events ADD CONSTRAINT goes_along FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE;
-- no exploit: the guard stops the cascade, so no role can delete a customer
-- repair
ALTER TABLE audit_events DROP CONSTRAINT goes_along;

-- F50 critical static: a rule throws away what one actor adds
-- by audit.table.append_only
CREATE RULE quiet AS ON INSERT TO audit_events WHERE new.actor = 'root' DO INSTEAD NOTHING;
-- exploit app a
INSERT INTO audit_events (customer_id, actor, action, resource) VALUES (@A@, 'root', 'lost', 'x');
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM audit_events WHERE action = 'lost');
-- repair
DROP RULE quiet ON audit_events;

-- F51 critical static: another trigger changes the record as it is added
-- by audit.table.append_only
CREATE FUNCTION blank() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.actor := 'somebody'; RETURN new; END $$;
CREATE TRIGGER blank BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION blank();
-- exploit app a
INSERT INTO audit_events (customer_id, actor, action, resource) VALUES (@A@, 'x', 'changed', 'x');
-- seen
SELECT 1 FROM audit_events WHERE action = 'changed' AND actor <> 'x';
-- repair
DROP TRIGGER blank ON audit_events;
DROP FUNCTION blank;

-- F52 critical static: another trigger drops some records as they are added
-- by audit.table.append_only
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.actor = 'root' THEN RETURN NULL; END IF; RETURN new; END $$;
CREATE TRIGGER forget BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION forget();
-- exploit app a
INSERT INTO audit_events (customer_id, actor, action, resource) VALUES (@A@, 'root', 'lost', 'x');
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM audit_events WHERE action = 'lost');
-- repair
DROP TRIGGER forget ON audit_events;
DROP FUNCTION forget;

-- F53 critical static: the trigger's function is owned by an untrusted role
-- by audit.table.append_only
CREATE ROLE mut_dev NOLOGIN;
ALTER FUNCTION refuse_change() OWNER TO mut_dev;
GRANT mut_dev TO app;
-- no exploit: to replace it takes CREATE on the schema as well
-- repair
ALTER FUNCTION refuse_change() OWNER TO admin;
DROP ROLE mut_dev;

-- F55 critical static: the application owns the audit table
-- by audit.table.append_only tenancy.rls.bypass_roles
GRANT CREATE ON SCHEMA public TO app;
ALTER TABLE audit_events OWNER TO app;
REVOKE CREATE ON SCHEMA public FROM app;
-- exploit app a
ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change;
UPDATE audit_events SET actor = 'nobody';
-- repair
ALTER TABLE audit_events OWNER TO admin;
GRANT SELECT, INSERT ON audit_events TO app;
