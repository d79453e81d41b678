package storetest

import "testing"

// Cluster is a PostgreSQL server that one test owns, so that the test may crash it and start it again.
// Its methods end the test when they fail, so call them from the test's own goroutine.
type Cluster struct {
	t   testing.TB
	srv *server
}

// ClusterOption changes how PostgresCluster starts its server.
type ClusterOption func(*serverConfig)

// InsecureNoFsync turns fsync off. The server is faster and still survives Kill, because the operating system
// keeps what was written; a power cut may lose or tear data, so a test of durability must not use it.
func InsecureNoFsync() ClusterOption { return func(c *serverConfig) { c.noFsync = true } }

// Setting passes one parameter of postgresql.conf to the server, for example Setting("max_connections", "500").
func Setting(name, value string) ClusterOption {
	return func(c *serverConfig) { c.settings = append(c.settings, name+"="+value) }
}

// PostgresCluster starts a server for this test alone and removes it with all its data when the test is over. It skips
// and fails where Postgres does. A server named by DAYPASS_TEST_POSTGRES is not used: nobody may kill that one.
func PostgresCluster(t testing.TB, options ...ClusterOption) *Cluster {
	t.Helper()
	var config serverConfig
	for _, o := range options {
		o(&config)
	}
	srv, err := startServer(config)
	needPostgres(t, err)
	t.Cleanup(func() {
		if err := srv.close(); err != nil {
			t.Errorf("remove PostgreSQL: %v", err)
		}
	})
	return &Cluster{t: t, srv: srv}
}

// DSN returns the postgres:// URL of the database db of this server. The database "postgres" always exists.
// The URL stays the same across Kill, Stop and Start.
func (c *Cluster) DSN(db string) string { return c.srv.url(db) }

// Database creates an empty database and returns its URL; it is dropped with the server.
func (c *Cluster) Database() string {
	c.t.Helper()
	name := databaseName()
	if err := execSQL(c.srv.url("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		c.t.Fatalf("create database: %v", err)
	}
	return c.srv.url(name)
}

// Kill ends the server and every process of it at once with SIGKILL, in the middle of whatever they do, and returns
// when they are gone. What was committed with synchronous_commit on survives; what was committed with it off may not.
func (c *Cluster) Kill() {
	c.t.Helper()
	if err := c.srv.kill(); err != nil {
		c.t.Fatalf("kill PostgreSQL: %v", err)
	}
}

// Stop shuts the server down in order: connections are ended, everything is written to disk.
func (c *Cluster) Stop() {
	c.t.Helper()
	if err := c.srv.stop(); err != nil {
		c.t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Start starts the server again over the same data after Kill or Stop, and returns when it accepts connections.
func (c *Cluster) Start() {
	c.t.Helper()
	if err := c.srv.start(); err != nil {
		c.t.Fatalf("start PostgreSQL: %v", err)
	}
}
