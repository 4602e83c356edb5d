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
CREATE FUNCTION private.role_in(_org uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT m.role FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid() $$;
CREATE FUNCTION private.is_admin(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT private.role_in(_org) = 'admin' $$;
CREATE FUNCTION private.has_role(_org uuid, _role text DEFAULT NULL) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid() AND m.role = _role) $$;
CREATE FUNCTION private.listed(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT coalesce((SELECT m.role FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) IN ('admin', 'owner'), false) $$;
CREATE FUNCTION private.delegates(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT private.is_member(_org) AND _org = ANY (private.org_array2()) AND _org IN (SELECT private.my_orgs()) $$;
CREATE FUNCTION private.either() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT m.org_id FROM public.memberships m WHERE m.user_id = auth.uid() UNION SELECT n.org_id FROM public.memberships n JOIN public.orgs o ON o.id = n.org_id WHERE n.user_id = auth.uid() $$;
CREATE FUNCTION private.with_roles() RETURNS TABLE (org uuid, its_role text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT m.org_id, m.role FROM public.memberships m WHERE m.user_id = auth.uid() $$;
CREATE FUNCTION private.if_else(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN IF auth.uid() IS NULL THEN RETURN false; ELSIF EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) THEN RETURN true; ELSE RETURN false; END IF; END $$;
CREATE FUNCTION private.performed(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN PERFORM 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid(); IF NOT FOUND THEN RETURN false; END IF; RETURN FOUND; END $$;
CREATE FUNCTION private.selected(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ DECLARE r text; BEGIN SELECT m.role INTO r FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid(); IF r IS NULL THEN RETURN false; END IF; RETURN r IN ('a', 'b'); END $$;
CREATE FUNCTION private.caught(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN RETURN EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()); EXCEPTION WHEN others THEN RETURN false; END $$;
CREATE FUNCTION private.early() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN IF auth.uid() IS NULL THEN RETURN; END IF; RETURN QUERY SELECT m.org_id FROM public.memberships m WHERE m.user_id = auth.uid(); END $$;
CREATE FUNCTION private.unpinned(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) $$;
CREATE FUNCTION auth.uid_case() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN current_setting('app.u', true) = '' THEN NULL ELSE current_setting('app.u', true)::uuid END $$;
CREATE FUNCTION private.by_case(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid_case()) $$;
CREATE FUNCTION private.else_true(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN IF EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) THEN RETURN false; ELSE RETURN true; END IF; END $$;
CREATE FUNCTION private.not_performed(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN PERFORM 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid(); PERFORM 1 FROM public.orgs; RETURN FOUND; END $$;
CREATE FUNCTION private.selected_or_null(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ DECLARE r text; BEGIN SELECT m.role INTO r FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid(); RETURN r IS NULL OR r = 'admin'; END $$;
CREATE FUNCTION private.reassigned(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ DECLARE r boolean := true; BEGIN IF EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) THEN r := false; END IF; RETURN r; END $$;
CREATE FUNCTION private.own_found(_org uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ DECLARE found boolean := true; BEGIN PERFORM 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid(); RETURN found; END $$;
CREATE FUNCTION private.two_queries() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN RETURN QUERY SELECT m.org_id FROM public.memberships m WHERE m.user_id = auth.uid(); RETURN QUERY SELECT o.id FROM public.orgs o; END $$;
CREATE FUNCTION private.one_or_all() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS
$$ BEGIN IF auth.uid() IS NULL THEN RETURN QUERY SELECT o.id FROM public.orgs o; END IF; RETURN QUERY SELECT m.org_id FROM public.memberships m WHERE m.user_id = auth.uid(); END $$;
CREATE FUNCTION private.crossed() RETURNS TABLE (org uuid, another uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT m.org_id, o.id FROM public.memberships m, public.orgs o WHERE m.user_id = auth.uid() $$;
CREATE FUNCTION private.known_org(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org) $$;
CREATE FUNCTION private.asks_twice(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.user_id = auth.uid() AND private.known_org(m.org_id)) AND private.known_org(_org) $$;
CREATE FUNCTION private.swapped(_first uuid, _second uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _first AND m.user_id = auth.uid()) AND _second IS NOT NULL $$;
CREATE FUNCTION private.first_of_three(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT coalesce(_org = _org, _org = _org AND EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()), false) $$;
CREATE FUNCTION private.true_for_others(_org uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT CASE WHEN EXISTS (SELECT 1 FROM public.memberships m WHERE m.org_id = _org AND m.user_id = auth.uid()) THEN false ELSE true END $$;
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
