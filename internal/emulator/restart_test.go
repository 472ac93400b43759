package emulator

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARestartLosesNothing(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud state?.db") })
	token := importArgs.with("ClientToken", "token-1")
	made := c.ecs("ImportImage", token).ok()
	used := c.component("Name", "tools")
	pipelineID := c.pipeline("BuildContent", "COMPONENT "+used)
	run := c.start(pipelineID)
	c.clock.pass(5 * time.Minute)
	ask := func() []any {
		status, process := c.task(made.text("TaskId"))
		runs, _ := c.execution(run)
		return []any{status, process, c.image(made.text("ImageId")), runs}
	}
	before := ask()
	require.Equal(t, []any{"Processing", "47%", "Creating", "BUILDING"}, before)

	c.restart()

	require.Equal(t, before, ask())
	require.Equal(t, made.text("ImageId"), c.ecs("ImportImage", token).ok().text("ImageId"), "the token still answers")
	require.Equal(t, "m-bp1000000000003", c.ecs("ImportImage", importArgs.with("ImageName", "golden-2")).ok().text("ImageId"), "ids go on")
	c.clock.pass(time.Hour)
	require.Equal(t, 201, c.batch("POST", "/images", batchBody(made.text("ImageId"))).Status)
	registered := c.batch("GET", "/images", "").Body

	c.restart()

	require.Equal(t, registered, c.batch("GET", "/images", "").Body)
	require.Equal(t, []any{"Finished", "100%", "Available", "SUCCESS"}, ask())
}

func TestAnotherSpeedDoesNotTurnBackTime(t *testing.T) {
	c := newCloud(t, func(o *Options) {
		o.StateFile = filepath.Join(t.TempDir(), "state.db")
		o.Speed = 1000
	})
	made := c.ecs("ImportImage", importArgs).ok()
	c.clock.pass(time.Second)
	c.opts.Speed = 1
	c.restart()
	status, _ := c.task(made.text("TaskId"))
	require.Equal(t, "Finished", status)
}

func TestMemoryIsForgotten(t *testing.T) {
	c := newCloud(t)
	c.ecs("ImportImage", importArgs).ok()
	c.restart()
	require.Equal(t, 0.0, c.ecs("DescribeTasks", args{}).ok().at("TotalCount"))
}

func TestTheStateFileIsOurs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	open := func() error {
		s, err := New(Options{StateFile: file})
		if err == nil {
			return s.Close()
		}
		return err
	}
	t.Run("open elsewhere", func(t *testing.T) {
		first, err := New(Options{StateFile: file})
		require.NoError(t, err)
		require.ErrorContains(t, open(), "state.db: another process has it open")
		require.NoError(t, first.Close())
		require.NoError(t, open())
	})
	t.Run("no database", func(t *testing.T) {
		file = filepath.Join(t.TempDir(), "notes.txt")
		require.NoError(t, os.WriteFile(file, []byte("shopping list, long enough to be a header of a file: milk, bread, butter, cheese, and so on and so on"), 0o600))
		require.ErrorContains(t, open(), "it is not a database")
	})
	t.Run("another program's database", func(t *testing.T) {
		file = filepath.Join(t.TempDir(), "other.db")
		db, err := sql.Open("sqlite", file)
		require.NoError(t, err)
		_, err = db.Exec("CREATE TABLE notes (text TEXT)")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		before, err := os.ReadFile(file)
		require.NoError(t, err)
		require.ErrorContains(t, open(), "database of another program")
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, before, after, "it is left as it was")
	})
	t.Run("another version's", func(t *testing.T) {
		file = filepath.Join(t.TempDir(), "old.db")
		require.NoError(t, open())
		db, err := sql.Open("sqlite", file)
		require.NoError(t, err)
		_, err = db.Exec("PRAGMA user_version = 99")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		require.ErrorContains(t, open(), "schema 99")
	})
	t.Run("no such folder", func(t *testing.T) {
		file = filepath.Join(t.TempDir(), "none", "state.db")
		require.ErrorContains(t, open(), "open state file")
	})
}

// version1 is the schema of the first state files.
const version1 = `
CREATE TABLE resource (
	kind TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, body TEXT NOT NULL,
	PRIMARY KEY (kind, region, id)
) WITHOUT ROWID;
CREATE INDEX resource_label ON resource (kind, region, label);
CREATE INDEX resource_id ON resource (kind, id);
CREATE TABLE token (
	service TEXT NOT NULL, region TEXT NOT NULL, action TEXT NOT NULL, token TEXT NOT NULL,
	request TEXT NOT NULL, answer TEXT NOT NULL, ids TEXT NOT NULL,
	PRIMARY KEY (service, region, action, token)
) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA application_id = 0x4b494c4e; PRAGMA user_version = 1;
`

// An older emulator's file is read, and brought to the present form once.
func TestAStateFileOfTheFirstVersion(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "state.db") })
	token := importArgs.with("ClientToken", "token/1")
	made := c.ecs("ImportImage", token).ok()
	state, err := c.server.State()
	require.NoError(t, err)
	require.NoError(t, c.server.Close())
	turnBack(t, c.opts.StateFile)

	for range 2 {
		c.restart()
		require.Equal(t, made.text("ImageId"), c.ecs("ImportImage", token).ok().text("ImageId"), "the token still answers")
		is, err := c.server.State()
		require.NoError(t, err)
		require.Equal(t, state, is)
	}
	require.Equal(t, "m-bp1000000000002", c.ecs("ImportImage", importArgs.with("ImageName", "golden-2")).ok().text("ImageId"), "ids go on")
}

// turnBack rewrites a state file as the first version would have.
func turnBack(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	_, err = db.Exec(version1 + `
		INSERT INTO resource SELECT kind, coalesce(body->>'Region', ''), id, '', body FROM record WHERE kind NOT IN ('token', 'counter');
		INSERT INTO counter SELECT id, body->>'Last' FROM record WHERE kind = 'counter';
		INSERT INTO token SELECT body->>'Service', body->>'Region', body->>'Action', body->>'Token', body->>'Request', body->'Answer', body->'IDs'
			FROM record WHERE kind = 'token';
		DROP TABLE record;`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestAFailedTransactionLeavesNoTrace(t *testing.T) {
	c := newCloud(t)
	err := c.server.store.do(func(x *tx) error {
		x.save(image{ID: "m-1", Region: "cn-hangzhou", Name: "half"})
		x.nextID("m-bp1")
		return refuse("", "InternalError")
	})
	require.Error(t, err)
	require.Panics(t, func() {
		_ = c.server.store.do(func(x *tx) error {
			x.save(image{ID: "m-2", Region: "cn-hangzhou", Name: "half"})
			panic("in the middle")
		})
	})
	require.Equal(t, "m-bp1000000000001", c.ecs("ImportImage", importArgs.with("ImageName", "half")).ok().text("ImageId"))
}

func TestAChangeThatCannotBeWrittenHasNotHappened(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "state.db") })
	made := c.ecs("ImportImage", importArgs).ok()
	before, err := c.server.State()
	require.NoError(t, err)
	require.NoError(t, c.server.store.file.close()) // as a disk that is gone

	c.ecs("ImportImage", importArgs.with("ImageName", "golden-2", "ClientToken", "token-2")).refused(500, "InternalError")
	c.ecs("CancelTask", args{"TaskId": made.text("TaskId")}).refused(500, "InternalError")
	after, err := c.server.State()
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, c.server.store.close())
}
