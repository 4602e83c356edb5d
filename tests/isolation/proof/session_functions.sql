-- Functions as applications write them: the current user, and the tenants and memberships of the user.
CREATE SCHEMA private; CREATE SCHEMA auth; GRANT USAGE ON SCHEMA private, auth TO helped_user;
CREATE TABLE orgs (id uuid PRIMARY KEY);
CREATE TABLE memberships (user_id uuid NOT NULL, org_id uuid NOT NULL REFERENCES orgs, role text, active boolean);
CREATE TABLE docs (id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, title text, owner uuid);
CREATE TABLE lines (id uuid PRIMARY KEY, doc uuid NOT NULL REFERENCES docs, t text);
GRANT SELECT ON orgs TO helped_user; GRANT SELECT, INSERT, UPDATE, DELETE ON docs, lines TO helped_user;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.u', true), '')::uuid $$;
CREATE FUNCTION auth.uid_raises() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE v uuid; BEGIN v := nullif(current_setting('app.u', true), '')::uuid; IF v IS NULL THEN RAISE EXCEPTION 'no user bound'; END IF; RETURN v; END $$;
CREATE FUNCTION auth.uid_into() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE v text := current_setting('app.u', true); BEGIN IF v IS NULL OR v = '' THEN RAISE EXCEPTION USING MESSAGE = 'x'; END IF; RETURN v::uuid; END; $$;
CREATE FUNCTION auth.uid_handled() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN current_setting('app.u')::uuid; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;
CREATE FUNCTION auth.uid_if() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN IF current_setting('app.u', true) = '' THEN RETURN NULL; END IF; RETURN current_setting('app.u', true)::uuid; END $$;
CREATE FUNCTION private.my_orgs() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.my_orgs_q() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT m.org_id FROM public.memberships AS m WHERE m.user_id = (SELECT auth.uid()) AND m.active AND m.role IN ('a','b') ORDER BY 1; $$;
CREATE FUNCTION private.my_orgs_path() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT DISTINCT org_id FROM memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.my_orgs_table() RETURNS TABLE (org uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT m.org_id FROM public.memberships m JOIN public.orgs o ON o.id = m.org_id WHERE m.user_id = auth.uid() $$;
CREATE FUNCTION private.my_orgs_plpgsql() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN RETURN QUERY SELECT m.org_id FROM public.memberships m WHERE m.user_id = auth.uid(); END $$;
CREATE FUNCTION private.my_orgs_atomic() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
BEGIN ATOMIC SELECT org_id FROM public.memberships WHERE user_id = auth.uid(); END;
CREATE FUNCTION private.org_array() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT coalesce(array_agg(org_id), '{}') FROM public.memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.org_array2() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT ARRAY(SELECT org_id FROM public.memberships WHERE user_id = auth.uid()) $$;
CREATE FUNCTION private.my_org() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() LIMIT 1 $$;
CREATE FUNCTION private.is_member(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) $$;
CREATE FUNCTION private.is_member1(uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = $1 AND m.user_id = auth.uid()) $$;
CREATE FUNCTION private.is_member2(_org uuid, _role text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN RETURN EXISTS (SELECT 1 FROM public.memberships WHERE org_id = _org AND user_id = auth.uid() AND role = _role); END; $$;
CREATE FUNCTION private.is_member3(org_id uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = org_id AND m.user_id = auth.uid()) $$;
CREATE FUNCTION private.is_member4(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT true FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid() $$;
CREATE FUNCTION private.or_true() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() OR active $$;
CREATE FUNCTION private.other_col() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT user_id FROM public.memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.all_orgs() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT id FROM public.orgs $$;
CREATE FUNCTION private.unioned() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() UNION SELECT id FROM public.orgs $$;
CREATE FUNCTION private.temporary() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
$$ SELECT org_id FROM memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.nopath() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER AS
$$ SELECT org_id FROM memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.two() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid(); SELECT id FROM public.orgs; $$;
CREATE FUNCTION private.betw(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id BETWEEN _org AND _org AND m.user_id = auth.uid()) $$;
CREATE FUNCTION private.negd(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT NOT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) $$;
CREATE FUNCTION private.left_join(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.orgs o LEFT JOIN public.memberships m ON m.org_id = _org AND m.user_id = auth.uid()) $$;
CREATE FUNCTION private.ordered_then_all() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() ORDER BY 1; SELECT id FROM public.orgs $$;
CREATE FUNCTION private.member_then_true(_org uuid, _active boolean) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT true FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid() AND _active; SELECT true $$;
CREATE FUNCTION private.value_then_true(_org uuid, _active boolean) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT _org IN (SELECT org_id FROM public.memberships WHERE user_id = auth.uid()) AND _active; SELECT true $$;
CREATE FUNCTION private.org_array_or_all() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT coalesce(array_agg(org_id), ARRAY(SELECT id FROM public.orgs)) FROM public.memberships WHERE user_id = auth.uid() $$;
CREATE FUNCTION private.orgs_of(_org uuid) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT org_id FROM public.memberships WHERE user_id = auth.uid() AND org_id = _org $$;
CREATE FUNCTION private.behind_a_return(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
E' SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) -- x \r OR true ';
CREATE FUNCTION private.variable_or_column(user_id uuid, _org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN RETURN EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND user_id = auth.uid()); END $$;
CREATE FUNCTION private.numbered(OUT org uuid, _first uuid, _org uuid) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN RETURN QUERY SELECT m.org_id FROM public.memberships m WHERE m.org_id = $2 AND m.user_id = auth.uid(); END $$;
CREATE FUNCTION private.pick() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT CASE WHEN random() < 0.5 THEN 'x' ELSE 'y' END $$;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE memberships ENABLE ROW LEVEL SECURITY; ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
