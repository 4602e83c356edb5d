-- The roles of SecureBase's database. Who may log in gets its password when the server is made.
CREATE ROLE admin LOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE app LOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE analytics LOGIN NOSUPERUSER NOBYPASSRLS;

-- Basewatch's own role owns nothing and inherits nothing: it may only become app or analytics, to probe as they do, and
-- the role of PostgreSQL's own that sees how many sessions there are, and since when.
CREATE ROLE basewatch LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE 'GRANT app, analytics, pg_read_all_stats TO basewatch WITH INHERIT FALSE, SET TRUE';
    ELSE
        GRANT app, analytics, pg_read_all_stats TO basewatch;
    END IF;
END
$$;

-- Owns the database that Basewatch keeps its history in, and nothing of the platform.
CREATE ROLE historian LOGIN NOSUPERUSER NOBYPASSRLS;
