"""What a statement could have changed, and whether it did.

Owns the description of the server's and of a session's state. Everything is compared as JSON, so
that a difference can be told. The contents of all tables are only read again when the server
wrote to its log of changes (WAL) since the last look: what is persistent cannot change without.
"""
import json
import os
import signal
import time

from wire import Lost, ServerError, Session

# Names are written out in full: some statements run with somebody's objects in the search path,
# which this look at the session must not call.
# Settings of applications, which pg_settings does not list.
CUSTOM = ["app.tenant", "app.user_id", "app.jwt_secret", "my.var", "request.jwt.claims"]
CHANNELS = ["exfil", "chan", "events", "t2s"]

SESSION = f"""
SELECT pg_catalog.json_build_object(
  'settings', (SELECT pg_catalog.json_object_agg(name, setting) FROM pg_catalog.pg_settings),
  'custom', (SELECT pg_catalog.json_object_agg(n, pg_catalog.current_setting(n, true))
             FROM pg_catalog.unnest(ARRAY{CUSTOM}) n),
  'roles', pg_catalog.json_build_array(current_user, session_user),
  'xid', pg_catalog.pg_current_xact_id_if_assigned(),
  'locks', (SELECT pg_catalog.json_agg(l ORDER BY l::pg_catalog.text) FROM (
              SELECT locktype, relation, classid, objid, objsubid, mode FROM pg_catalog.pg_locks
              WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()) l),
  'channels', (SELECT pg_catalog.json_agg(c) FROM pg_catalog.pg_listening_channels() c),
  'prepared', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_prepared_statements),
  'cursors', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_cursors),
  'temporary', (SELECT pg_catalog.json_agg(oid) FROM (
                  SELECT oid FROM pg_catalog.pg_class
                  WHERE relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()
                  UNION ALL SELECT oid FROM pg_catalog.pg_proc
                  WHERE pronamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() ORDER BY 1) t))"""

SERVER = """
SELECT json_build_object(
  'xid', pg_snapshot_xmax(pg_current_snapshot()),
  'sequences', (SELECT json_agg(s) FROM (
                  SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2) s),
  'prepared transactions', (SELECT json_agg(gid) FROM pg_prepared_xacts),
  'slots', (SELECT json_agg(s) FROM (
              SELECT slot_name, confirmed_flush_lsn, restart_lsn FROM pg_replication_slots
              ORDER BY 1) s),
  'origins', (SELECT json_agg(roname) FROM pg_replication_origin),
  'locks', (SELECT json_agg(l) FROM (
              SELECT locktype, relation, classid, objid, mode, pid FROM pg_locks
              WHERE pid <> pg_backend_pid() AND locktype <> 'virtualxid') l),
  'sessions', (SELECT json_agg(pid ORDER BY pid) FROM pg_stat_activity
               WHERE backend_type = 'client backend' AND pid <> ALL (@callers@)),
  'resets', (SELECT json_agg(stats_reset ORDER BY datname) FROM pg_stat_database),
  'reloaded', pg_conf_load_time(),
  'recovery', pg_is_in_recovery(),
  'backups', (SELECT count(*) FROM pg_stat_progress_basebackup),
  'temporary files', (SELECT json_agg(name ORDER BY name) FROM pg_ls_tmpdir()),
  'files', (SELECT json_agg(f ORDER BY f) FROM pg_ls_dir('.') f
            WHERE f NOT IN ('postmaster.pid', 'pg_internal.init', 'global')),
  'auto.conf', md5(pg_read_file('postgresql.auto.conf')))"""

# Not those whose indexes call a function as soon as somebody plans to read them.
TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'pg_toast'
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND n.nspname = 'mallory'
                  AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
ORDER BY 1"""

# What is written without anything having changed: the server's own doing.
BACKGROUND = """
SELECT DISTINCT resource_manager || '/' || record_type
FROM pg_get_wal_records_info($1::text::pg_lsn, greatest($1::text::pg_lsn, pg_current_wal_flush_lsn()))
WHERE resource_manager || '/' || record_type NOT IN
  ('Standby/RUNNING_XACTS', 'XLOG/CHECKPOINT_ONLINE', 'XLOG/FPI_FOR_HINT', 'XLOG/FPI',
   'Heap2/PRUNE', 'Heap2/VACUUM', 'Heap2/VISIBLE', 'Standby/LOCK', 'Standby/INVALIDATIONS')
ORDER BY 1"""


def of_session(session):
    """The state of the session itself, within its present transaction."""
    return json.loads(session.simple(SESSION)[0][0])


def differences(before, after, path=""):
    """Where two states differ, as text."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in sorted(set(before) | set(after)):
            found += differences(before.get(key), after.get(key), f"{path}{key}: ")
        return found
    return [] if before == after else [f"{path}{shown(before)} -> {shown(after)}"]


def shown(value):
    """A value for a message."""
    text = json.dumps(value)
    return text if len(text) <= 160 else text[:160] + "…"


class Watcher:
    """A superuser's session and a bystander of the caller's role, watching the server."""

    def __init__(self, database, caller, directory):
        self.database, self.caller, self.directory = database, caller, directory
        # Sessions that come and go because the harness wants it.
        self.callers = {0}
        self.connect()

    def caller_session(self, timeout):
        """A session in which a statement is tried."""
        session = Session(self.caller, self.database, timeout)
        # Its library brings settings along, and the server loads it to look a function up.
        session.simple("DO LANGUAGE plpgsql $$ BEGIN END $$")
        self.callers.add(session.pid)
        return session

    def connect(self):
        """Begins to watch."""
        self.admin = Session("postgres", self.database)
        self.bystander = Session(self.caller, self.database)
        self.listener = Session("postgres", self.database)
        for channel in CHANNELS:
            self.listener.simple(f"LISTEN {channel}")
        self.tables = [row[0] for row in self.admin.simple(TABLES)]
        self.lsn, self.contents = "", {}
        self.last = self.look()

    def reconnect(self):
        """Begins anew: after a crash of the server, or when its sessions were ended."""
        self.close()
        for _ in range(60):
            try:
                return self.connect()
            except (Lost, ServerError):
                time.sleep(1)
        raise Lost("the server does not come back")

    def kill(self, session):
        """Ends a session that nothing else ends; the server then ends all others."""
        try:
            os.kill(session.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        time.sleep(1)
        self.reconnect()

    def close(self):
        """Ends its sessions."""
        for session in (self.admin, self.bystander, self.listener):
            session.close()

    def look(self):
        """The server's state."""
        callers = f"'{{{','.join(map(str, sorted(self.callers)))}}}'"
        state = json.loads(self.admin.simple(SERVER.replace("@callers@", callers))[0][0])
        state["watched directory"] = sorted(
            (entry.name, entry.stat().st_size) for entry in os.scandir(self.directory)
        )
        self.listener.simple("SELECT 1")
        state["notifications"] = self.listener.notifications
        self.listener.notifications = []
        if self.position() != self.lsn:
            # What is not on disk yet cannot be looked at.
            self.admin.simple("CHECKPOINT")
            # Before reading, so that whatever comes meanwhile is looked at the next time.
            begin, self.lsn = self.lsn, self.position()
            state["written"] = self.written(begin)
            self.contents = self.read_all()
        state["contents"] = self.contents
        return state

    def position(self):
        """How far the server has written."""
        return self.admin.simple("SELECT pg_current_wal_insert_lsn()")[0][0]

    def written(self, begin):
        """Kinds of records written since `begin`, without the server's own."""
        return [row[0] for row in self.admin.call(BACKGROUND, begin)] if begin else []

    def read_all(self):
        """A fingerprint of every table."""
        selects = (
            f"SELECT {quoted(table)}, (SELECT md5(string_agg(h, '' ORDER BY h)) FROM "
            f"(SELECT md5(t::text) AS h FROM {table} t) x)"
            for table in self.tables
        )
        return dict(self.admin.simple(" UNION ALL ".join(selects)))

    def changes(self):
        """What has changed since the last call."""
        now = self.look()
        before = {**self.last, "written": [], "notifications": []}
        found = differences(before, {"written": [], **now})
        self.last = now
        return found

    def settle(self, session):
        """Waits until `session`, which was closed, has cleaned up; that is no change of note."""
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = " + str(session.pid)
        until(lambda: self.admin.simple(gone)[0][0] == "0")
        # A session of a foreign server ends after it.
        until(lambda: not self.changes())


def until(condition):
    """Waits for what must come soon; raises if it does not."""
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise Lost("the server does not come to rest")


def quoted(value):
    """A literal."""
    return "'" + value.replace("'", "''") + "'"
