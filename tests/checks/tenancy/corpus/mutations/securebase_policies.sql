-- B01 critical static dynamic: an extra permissive policy for everybody is true
-- by tenancy.rls.policies
CREATE POLICY dbg ON documents USING (true);
-- exploit app a
@others@;

-- B02 critical static dynamic: an extra permissive SELECT policy for the application is true
-- by tenancy.rls.policies
CREATE POLICY dbg ON documents FOR SELECT TO app USING (true);
-- exploit app a
@others@;

-- B03 critical static dynamic: a column that tenants may write opens the row to all
-- by tenancy.rls.policies
ALTER TABLE documents ADD is_public boolean NOT NULL DEFAULT false;
UPDATE documents SET is_public = true WHERE customer_id = @B@;
@policy@ USING (customer_id = @ctx@ OR is_public);
-- exploit app a
@others@;
-- repair
@restore@;
ALTER TABLE documents DROP is_public;

-- B04 critical static dynamic: open when the context was never set
-- by tenancy.rls.policies
@policy@ USING (@raw@ IS NULL OR customer_id = @ctx@);
-- exploit app unset
@others@;

-- B05 critical static dynamic: open when the context is empty
-- by tenancy.rls.policies
@policy@ USING (coalesce(@raw@, '') = '' OR customer_id = @ctx@);
-- exploit app empty
@others@;

-- B06 high static dynamic: rows without a tenant are everybody's
-- by tenancy.rls.coverage tenancy.rls.policies
ALTER TABLE documents DROP CONSTRAINT documents_pkey;
ALTER TABLE documents ALTER customer_id DROP NOT NULL;
INSERT INTO documents (customer_id, title, classification, size_bytes, created_at) VALUES (NULL, 'x', 'public', 1, now());
@policy@ USING (customer_id IS NULL OR customer_id = @ctx@);
-- exploit app a
SELECT 1 FROM documents WHERE customer_id IS NULL;
-- repair
DELETE FROM documents WHERE customer_id IS NULL;
ALTER TABLE documents ADD PRIMARY KEY (customer_id, id);
ALTER TABLE documents ALTER customer_id SET NOT NULL;
@restore@;

-- B07 critical static dynamic: one tenant is hard-coded to see everything
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR @ctx@ = '99999999-0000-4000-8000-000000000009');
-- exploit app as '99999999-0000-4000-8000-000000000009'
@others@;

-- B08 high static dynamic: one tenant is hard-coded to be seen by everybody
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR customer_id = @B@);
-- exploit app a
@others@;

-- B09 medium static dynamic: another setting is read in one table
-- by tenancy.rls.policies
@policy@ USING (customer_id = nullif(current_setting('app.customer_id', true), '')::uuid);
-- exploit app a
SELECT set_config('app.customer_id', @B@, true);
@others@;

-- B10 critical static dynamic: a second setting is a bypass flag
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR current_setting('app.bypass_rls', true) = 'on');
-- exploit app a
SELECT set_config('app.bypass_rls', 'on', true);
@others@;

-- B11 critical static dynamic: the application's role is let through
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR current_user = 'app');
-- exploit app a
@others@;

-- B12 critical static dynamic: WITH CHECK (true)
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@) WITH CHECK (true);
-- exploit app a
@plant@;

-- B13 critical static dynamic: an extra INSERT policy checks nothing
-- by tenancy.rls.policies
CREATE POLICY ins ON documents FOR INSERT WITH CHECK (true);
-- exploit app a
@plant@;

-- B14 critical static dynamic: an UPDATE policy is USING (true), so a statement without WHERE takes every row over
-- by tenancy.rls.policies
CREATE POLICY upd ON documents FOR UPDATE USING (true) WITH CHECK (customer_id = @ctx@);
-- exploit app a
UPDATE documents SET customer_id = @A@;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM documents WHERE customer_id = @B@);

-- B15 critical static dynamic: a DELETE policy is USING (true), so a statement without WHERE deletes every row
-- by tenancy.rls.policies
CREATE POLICY del ON documents FOR DELETE USING (true);
-- exploit app a
DELETE FROM documents;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM documents WHERE customer_id = @B@);

-- B16 high static dynamic: an UPDATE policy lets rows be given away
-- by tenancy.rls.policies
@policy@ FOR SELECT USING (customer_id = @ctx@);
CREATE POLICY i ON documents FOR INSERT WITH CHECK (customer_id = @ctx@);
CREATE POLICY d ON documents FOR DELETE USING (customer_id = @ctx@);
CREATE POLICY u ON documents FOR UPDATE USING (customer_id = @ctx@) WITH CHECK (true);
-- exploit app a
UPDATE documents SET customer_id = @B@;

-- B17 critical static dynamic: the comparison is the wrong way round
-- by tenancy.rls.policies
@policy@ USING (customer_id <> @ctx@);
-- exploit app a
@others@;

-- B18 critical static dynamic: LIKE takes wildcards from the context
-- by tenancy.rls.policies
@policy@ USING (customer_id::text LIKE current_setting('app.current_customer_id'));
-- exploit app as '%'
@others@;

-- B19 high static: only the first characters are compared
-- by tenancy.rls.policies
@policy@ USING (left(customer_id::text, 8) = left(current_setting('app.current_customer_id'), 8));
-- exploit app a
@others@;

-- B20 critical static dynamic: the table of memberships can be written by those it binds
-- by tenancy.rls.coverage tenancy.rls.policies
CREATE TABLE memberships (user_id text, customer_id uuid);
GRANT SELECT, INSERT ON memberships TO app;
INSERT INTO memberships VALUES ('u1', @A@);
@policy@ USING (customer_id IN (SELECT m.customer_id FROM memberships m
    WHERE m.user_id = current_setting('app.user_id', true)));
-- exploit app a
SELECT set_config('app.user_id', 'u1', true);
INSERT INTO memberships VALUES ('u1', @B@);
@others@;
-- repair
@restore@;
DROP TABLE memberships;

-- B21 critical static dynamic: a function with its owner's rights says yes to everything
-- by tenancy.rls.functions tenancy.rls.policies
CREATE FUNCTION can_see(uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT EXISTS (SELECT 1 FROM public.customers WHERE id = $1)';
@policy@ USING (can_see(customer_id));
-- exploit app a
@others@;
-- repair
@restore@;
DROP FUNCTION can_see;

-- B22 critical static dynamic: a function that reads the context is IMMUTABLE, so a plan may keep another's
-- by tenancy.rls.functions tenancy.rls.policies
CREATE FUNCTION cur_cust() RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN @ctx@; END $$;
@policy@ USING (customer_id = cur_cust());
-- exploit app a
PREPARE q AS SELECT 1 FROM documents WHERE customer_id = @A@;
EXECUTE q;
SELECT set_config('plan_cache_mode', 'force_generic_plan', true);
EXECUTE q;
SELECT set_config('app.current_customer_id', @B@, true);
EXECUTE q;
-- repair
@restore@;
DROP FUNCTION cur_cust;

-- B23 critical static dynamic: current_setting() of the policy is one of our own
-- by tenancy.rls.functions tenancy.rls.policies
CREATE FUNCTION public.current_setting(text, boolean) RETURNS text LANGUAGE sql STABLE AS $$ SELECT @B@::text $$;
SET LOCAL search_path = public, pg_catalog;
@policy@ USING (customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid);
-- exploit app a
@others@;
-- repair
@restore@;
DROP FUNCTION public.current_setting;

-- B24 critical static dynamic: the operator = of the policy is one of our own
-- by tenancy.rls.policies
CREATE FUNCTION public.eq_any(uuid, uuid) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR public.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = public.eq_any);
SET LOCAL search_path = public, pg_catalog;
@policy@ USING (customer_id = @ctx@);
-- exploit app a
@others@;
-- repair
@restore@;
DROP OPERATOR public.= (uuid, uuid);
DROP FUNCTION public.eq_any;

-- B25 critical static dynamic: the policy on the tenant stands beside a broad one, and is not RESTRICTIVE
-- by tenancy.rls.policies
DROP POLICY tenant_isolation ON documents;
CREATE POLICY basis ON documents USING (title <> 'x');
CREATE POLICY tenant_isolation ON documents AS PERMISSIVE USING (customer_id = @ctx@);
-- exploit app a
@others@;

-- B26 critical static dynamic: the RESTRICTIVE policy on the tenant is for another role
-- by tenancy.rls.policies
DROP POLICY tenant_isolation ON documents;
CREATE POLICY basis ON documents USING (true);
CREATE POLICY tenant_isolation ON documents AS RESTRICTIVE TO analytics USING (customer_id = @ctx@);
-- exploit app a
@others@;

-- B27 high static: the context is a list of tenants
-- by tenancy.rls.policies
@policy@ USING (customer_id = ANY (string_to_array(current_setting('app.current_customer_id'), ',')::uuid[]));
-- exploit app as '0ca9a11e-0000-4000-8000-00000000000a,0ca9a11e-0000-4000-8000-00000000000b'
@others@;

-- B28 critical static dynamic: everything opens at a date to come
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR now() > '2131-01-01');
-- no exploit: not before that date

-- B29 critical static dynamic: rows in a state that none is in today are everybody's
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR classification = 'restricted' AND size_bytes = 4242);
-- exploit app a
@others@;
-- prepare
UPDATE documents SET classification = 'restricted', size_bytes = 4242 WHERE customer_id = @B@;

-- B30 high static dynamic: a table of links opens one tenant's rows to another
-- by tenancy.rls.coverage tenancy.rls.policies
CREATE TABLE customer_links (parent uuid, child uuid);
GRANT SELECT ON customer_links TO app;
INSERT INTO customer_links VALUES (@A@, @B@);
@policy@ USING (customer_id = @ctx@ OR customer_id IN (SELECT child FROM customer_links WHERE parent = @ctx@));
-- exploit app a
@others@;
-- repair
@restore@;
DROP TABLE customer_links;

-- B31 critical static dynamic: the policy compares another column of the same type
-- by tenancy.rls.policies
ALTER TABLE documents ADD partner_id uuid;
UPDATE documents SET partner_id = @A@;
@policy@ USING (partner_id = @ctx@);
-- exploit app a
@others@;
-- repair
@restore@;
ALTER TABLE documents DROP partner_id;

-- B32 critical static dynamic: the comparison need only not be NULL
-- by tenancy.rls.policies
@policy@ USING ((customer_id = @ctx@) IS NOT NULL);
-- exploit app a
@others@;

-- B33 critical static dynamic: CASE has ELSE true
-- by tenancy.rls.policies
@policy@ USING (CASE WHEN current_setting('app.scope', true) = 'tenant' THEN customer_id = @ctx@ ELSE true END);
-- exploit app a
@others@;

-- B34 critical static dynamic: the tenant is compared with itself
-- by tenancy.rls.policies
@policy@ USING (customer_id = customer_id AND @ctx@ IS NOT NULL);
-- exploit app a
@others@;

-- B35 high static dynamic: coalesce() gives rows without a tenant to everybody
-- by tenancy.rls.coverage tenancy.rls.policies
ALTER TABLE documents DROP CONSTRAINT documents_pkey;
ALTER TABLE documents ALTER customer_id DROP NOT NULL;
INSERT INTO documents (customer_id, title, classification, size_bytes, created_at) VALUES (NULL, 'x', 'public', 1, now());
@policy@ USING (coalesce(customer_id, @ctx@) = @ctx@);
-- exploit app a
SELECT 1 FROM documents WHERE customer_id IS NULL;
-- repair
DELETE FROM documents WHERE customer_id IS NULL;
ALTER TABLE documents ADD PRIMARY KEY (customer_id, id);
ALTER TABLE documents ALTER customer_id SET NOT NULL;
@restore@;

-- B36 high static dynamic: a column that tenants may write lists who else may see the row
-- by tenancy.rls.policies
ALTER TABLE documents ADD shared_with uuid[] NOT NULL DEFAULT '{}';
UPDATE documents SET shared_with = ARRAY[@A@::uuid] WHERE customer_id = @B@;
@policy@ USING (customer_id = @ctx@ OR @ctx@ = ANY (shared_with));
-- exploit app a
@others@;
-- repair
@restore@;
ALTER TABLE documents DROP shared_with;

-- B37 low static dynamic: the only policy is for another role, so nothing works
-- by tenancy.rls.coverage
@policy@ TO analytics USING (customer_id = @ctx@);
-- no exploit: nothing is shown, not even the tenant's own

-- B38 critical static dynamic: now and then a row is everybody's
-- by tenancy.rls.policies
@policy@ USING (customer_id = @ctx@ OR random() < 0.000001);
-- no exploit: it would take a million tries

-- B50 critical static dynamic: BETWEEN an empty context and the tenant is a range of tenants
-- by tenancy.rls.policies
@policy@ USING (customer_id BETWEEN '00000000-0000-0000-0000-000000000000' AND @ctx@);
-- exploit app b
SELECT 1 FROM documents WHERE customer_id <> @B@;

-- B51 critical static dynamic: only a lower bound is compared
-- by tenancy.rls.policies
@policy@ USING (customer_id >= @ctx@);
-- exploit app a
@others@;

-- B52 high static: a regular expression takes its pattern from the context
-- by tenancy.rls.policies
@policy@ USING (customer_id::text ~ current_setting('app.current_customer_id'));
-- exploit app as '.'
@others@;

-- B53 high static: position() finds an empty context in every tenant
-- by tenancy.rls.policies
@policy@ USING (position(current_setting('app.current_customer_id', true) IN customer_id::text) > 0);
-- exploit app empty
@others@;

-- B54 high static dynamic: a cast to varchar(8) cuts both sides
-- by tenancy.rls.policies
@policy@ USING (customer_id::text::varchar(8) = current_setting('app.current_customer_id', true)::varchar(8));
-- exploit app a
@others@;

-- B55 high static: the context is an array literal
-- by tenancy.rls.policies
@policy@ USING (customer_id = ANY (current_setting('app.current_customer_id', true)::uuid[]));
-- exploit app as '{0ca9a11e-0000-4000-8000-00000000000a,0ca9a11e-0000-4000-8000-00000000000b}'
@others@;

-- B56 high static dynamic: overlapping arrays, one of which tenants may write
-- by tenancy.rls.policies
ALTER TABLE documents ADD visible_to uuid[] NOT NULL DEFAULT '{}';
UPDATE documents SET visible_to = ARRAY[@A@::uuid, @B@::uuid];
@policy@ USING (ARRAY[@ctx@] && (visible_to || customer_id));
-- exploit app a
@others@;
-- repair
@restore@;
ALTER TABLE documents DROP visible_to;

-- B57 critical static dynamic: the tenant is a member of the context's own customers, which is everybody
-- by tenancy.rls.policies
@policy@ USING (EXISTS (SELECT 1 FROM notifications n WHERE n.customer_id = @ctx@));
-- exploit app a
@others@;

-- B58 critical static dynamic: EXISTS forgets to join the row with its parent
-- by tenancy.rls.policies
CREATE POLICY through_invoice ON documents FOR SELECT USING (EXISTS (SELECT 1 FROM invoices WHERE invoices.customer_id = @ctx@));
-- exploit app a
@others@;

-- B59 critical static dynamic: EXISTS joins a column of the sub-select with itself
-- by tenancy.rls.policies
@policy@ USING (EXISTS (SELECT 1 FROM invoices WHERE customer_id = customer_id AND invoices.customer_id = @ctx@));
-- exploit app a
@others@;

-- B60 critical static: the policy for the group to which the application belongs is true
-- by tenancy.rls.policies
CREATE ROLE mut_group NOLOGIN;
GRANT mut_group TO app;
CREATE POLICY for_group ON documents FOR SELECT TO mut_group USING (true);
-- exploit app a
@others@;
-- repair
@restore@;
REVOKE mut_group FROM app;
DROP ROLE mut_group;

-- B61 critical static dynamic: NOT of the comparison's complement with IS TRUE lets NULL through
-- by tenancy.rls.policies
@policy@ USING (((customer_id <> @ctx@) IS TRUE) IS FALSE OR @ctx@ IS NULL);
-- exploit app unset
@others@;

-- B62 critical static dynamic: IS NOT FALSE lets every row through when there is no context
-- by tenancy.rls.policies
@policy@ USING ((customer_id = @ctx@) IS NOT FALSE);
-- exploit app unset
@others@;

-- B63 critical static dynamic: IS DISTINCT FROM in place of its opposite
-- by tenancy.rls.policies
@policy@ USING (customer_id IS DISTINCT FROM @ctx@);
-- exploit app a
@others@;

-- B64 critical static dynamic: the default of a missing context is one of the tenants
-- by tenancy.rls.policies
@policy@ USING (customer_id = coalesce(@ctx@, @B@::uuid));
-- exploit app unset
@others@;

-- B65 high static: the context of another setting wins when it is there
-- by tenancy.rls.policies
@policy@ USING (customer_id = coalesce(nullif(current_setting('app.impersonate', true), ''), @raw@)::uuid);
-- exploit app a
SELECT set_config('app.impersonate', @B@, true);
@others@;

-- B66 critical static dynamic: a RESTRICTIVE policy covers SELECT, and a broad one everything else
-- by tenancy.rls.policies
DROP POLICY tenant_isolation ON documents;
CREATE POLICY broad ON documents USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON documents AS RESTRICTIVE FOR SELECT USING (customer_id = @ctx@);
-- exploit app a
DELETE FROM documents;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM documents WHERE customer_id = @B@);

-- B67 critical static dynamic: the INSERT policy is on the tenant, and UPDATE has a USING without WITH CHECK that is broad
-- by tenancy.rls.policies
@policy@ FOR SELECT USING (customer_id = @ctx@);
CREATE POLICY ins ON documents FOR INSERT WITH CHECK (customer_id = @ctx@);
CREATE POLICY upd ON documents FOR UPDATE USING (customer_id = @ctx@ OR title = 'Document 1');
-- exploit app a
UPDATE documents SET customer_id = @B@, title = 'Document 1';

-- B68 critical static dynamic: a row comparison compares the tenant second
-- by tenancy.rls.policies
@policy@ USING ((size_bytes, customer_id) >= (0::bigint, @ctx@));
-- exploit app a
@others@;

-- B69 critical static dynamic: the setting's name is that of another tenant's word in capitals and a typing error
-- by tenancy.rls.policies
@policy@ USING (customer_id = nullif(current_setting('app.current_costumer_id', true), '')::uuid);
-- exploit app a
SELECT set_config('app.current_costumer_id', @B@, true);
@others@;

-- B70 critical static dynamic: a function in PL/pgSQL swallows the error of a missing context
-- by tenancy.rls.policies
CREATE FUNCTION tenant_or_any(uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN $1 = current_setting('app.current_customer_id')::uuid;
EXCEPTION WHEN others THEN
    RETURN true;
END $$;
@policy@ USING (tenant_or_any(customer_id));
-- exploit app empty
@others@;
-- repair
@restore@;
DROP FUNCTION tenant_or_any;

-- B71 critical static: a helper looks like the context and takes the last of two statements
-- by tenancy.rls.policies
CREATE FUNCTION mine() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT @ctx@; SELECT coalesce(nullif(current_setting('app.other', true), '')::uuid, @ctx@) $$;
@policy@ USING (customer_id = mine());
-- exploit app a
SELECT set_config('app.other', @B@, true);
@others@;
-- repair
@restore@;
DROP FUNCTION mine;

-- B72 critical static dynamic: the helper is overloaded, and the policy calls the one that says yes
-- by tenancy.rls.policies
CREATE FUNCTION allowed(uuid) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT $1 = @ctx@ $$;
CREATE FUNCTION allowed(text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT $1 IS NOT NULL $$;
@policy@ USING (allowed(customer_id::text));
-- exploit app a
@others@;
-- repair
@restore@;
DROP FUNCTION allowed(uuid);
DROP FUNCTION allowed(text);

-- B73 critical static: a helper without a pinned search_path reads a table that the caller can put in its way
-- by tenancy.rls.coverage tenancy.rls.policies
CREATE TABLE tenant_now (customer_id uuid);
CREATE FUNCTION now_tenant() RETURNS uuid LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT customer_id FROM tenant_now); END $$;
GRANT SELECT, UPDATE ON tenant_now TO app;
INSERT INTO tenant_now VALUES (@A@);
@policy@ USING (customer_id = now_tenant());
-- exploit app a
UPDATE tenant_now SET customer_id = @B@;
@others@;
-- repair
@restore@;
DROP FUNCTION now_tenant;
DROP TABLE tenant_now;

-- B74 critical static dynamic: a domain over uuid with an operator of our own
-- by tenancy.rls.policies
CREATE DOMAIN tenant_ref AS uuid;
CREATE FUNCTION same_tenant(tenant_ref, uuid) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 IS NOT NULL OR $2 IS NULL';
CREATE OPERATOR === (LEFTARG = tenant_ref, RIGHTARG = uuid, FUNCTION = same_tenant);
@policy@ USING (customer_id::tenant_ref === @ctx@);
-- exploit app a
@others@;
-- repair
@restore@;
DROP OPERATOR === (tenant_ref, uuid);
DROP FUNCTION same_tenant;
DROP DOMAIN tenant_ref;

-- B75 high static dynamic: the hash of the tenant is compared, to one byte
-- by tenancy.rls.policies
@policy@ USING (left(md5(customer_id::text), 1) = left(md5(current_setting('app.current_customer_id', true)), 1) OR customer_id = @ctx@);
-- exploit app as '0ca9a11e-0000-4000-8000-00000000000c'
SELECT set_config('app.current_customer_id', (SELECT md5(n::text)::uuid::text FROM generate_series(1, 500) AS n
    WHERE left(md5(md5(n::text)::uuid::text), 1) = left(md5(@B@), 1) LIMIT 1), true);
@others@;

-- B76 critical static dynamic: a RESTRICTIVE policy alone is taken for a floor, with a permissive one on a status
-- by tenancy.rls.policies
DROP POLICY tenant_isolation ON documents;
CREATE POLICY shown ON documents FOR SELECT USING (classification <> 'restricted');
CREATE POLICY tenant_isolation ON documents AS RESTRICTIVE FOR INSERT WITH CHECK (customer_id = @ctx@);
-- exploit app a
@others@;

-- B77 critical static dynamic: the policy of the reporting role is true
-- by tenancy.rls.policies
CREATE POLICY reports ON invoices FOR SELECT TO analytics USING (true);
-- exploit analytics a
SELECT 1 FROM invoices WHERE customer_id <> @A@;

-- B78 critical static dynamic: a policy trusts a document that the tenant writes
-- by tenancy.rls.policies
ALTER TABLE documents ADD meta jsonb NOT NULL DEFAULT '{}';
UPDATE documents SET meta = jsonb_build_object('customer_id', customer_id);
UPDATE documents SET meta = jsonb_build_object('customer_id', @A@) WHERE customer_id = @B@;
@policy@ USING ((meta ->> 'customer_id')::uuid = @ctx@);
-- exploit app a
@others@;
-- repair
@restore@;
ALTER TABLE documents DROP meta;

-- B79 critical static dynamic: a scalar sub-select picks any tenant but the context's
-- by tenancy.rls.policies
@policy@ USING (customer_id = (SELECT n.customer_id FROM notifications n WHERE n.customer_id IS NOT NULL LIMIT 1) OR customer_id <> @ctx@);
-- exploit app a
@others@;
