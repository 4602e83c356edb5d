-- The roles of SecureBase's database. The login roles get their passwords when the server is created.
CREATE ROLE admin LOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE app LOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE analytics LOGIN NOSUPERUSER NOBYPASSRLS;

-- Basewatch's own role owns nothing and inherits nothing. It can only SET ROLE to app or analytics for probes, and to
-- the built-in role that reads the number and the age of sessions.
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

-- The owner of the database for Basewatch's history; it owns nothing of the platform.
CREATE ROLE historian LOGIN NOSUPERUSER NOBYPASSRLS;
