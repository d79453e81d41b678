package storetest

// Server is a PostgreSQL server for a program that is no test, such as tools/bench. It goes away with the program,
// however that ends.
type Server struct{ srv *server }

// ErrNoPostgres is wrapped by StartServer's error where no PostgreSQL 15 or newer is installed.
var ErrNoPostgres = errNoPostgres

// StartServer starts a server on a data directory of its own. Commits reach the disk unless an option says otherwise.
func StartServer(options ...ClusterOption) (*Server, error) {
	var config serverConfig
	for _, o := range options {
		o(&config)
	}
	srv, err := startServer(config)
	if err != nil {
		return nil, err
	}
	return &Server{srv: srv}, nil
}

// DSN returns the postgres:// URL of the database db; "postgres" always exists.
func (s *Server) DSN(db string) string { return s.srv.url(db) }

// PID is the process id of the server's first process, the parent of all its others; 0 when it is down.
func (s *Server) PID() int {
	if s.srv.process == nil {
		return 0
	}
	return s.srv.process.Pid
}

// Database creates an empty database and returns its URL.
func (s *Server) Database() (string, error) {
	name := databaseName()
	if err := execSQL(s.srv.url("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	return s.srv.url(name), nil
}

// Close stops the server and removes its data.
func (s *Server) Close() error { return s.srv.close() }
