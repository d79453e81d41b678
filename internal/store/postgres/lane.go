package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/store"
)

const (
	// laneBatch statements at most travel together. Each is bounded on the server, so that the last of them has begun, or
	// never will, when swapTimeout is over.
	laneBatch       = 16
	laneTimeout     = swapTimeout / laneBatch
	laneLockTimeout = 50 * time.Millisecond // who waits for a row longer than this waits alone
	// laneAnswer is how long the network may take on top.
	laneAnswer = swapTimeout + time.Second
	// laneRest is how long a connection may rest before it is asked whether it still stands.
	laneRest = time.Second
)

// lane is a connection on which statements that come at once travel together: one round trip and one transaction.
// One caller uses it at a time.
type lane struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn // nil: not connected
	known  map[string]*pgconn.StatementDescription
	build  pgx.ExtendedQueryBuilder
	used   time.Time

	// Guarded by lanes.mu:
	batches int  // how many it has run
	late    bool // its batch takes longer than others should wait
}

// errRolledBack is a batch that the server refused as a whole: none of it was executed, and each may be tried alone.
var errRolledBack = errors.New("postgres: rolled back")

// run executes a batch. When it returns nil all of it is committed; with errRolledBack nothing of it was executed; with
// any other error nobody knows.
func (l *lane) run(batch []*swap) error {
	if err := l.ready(); err != nil {
		return err
	}
	err := l.send(batch)
	if errors.Is(err, store.ErrUnavailable) || l.conn.PgConn().IsClosed() {
		l.hangUp()
	}
	l.used = time.Now() //nolint:forbidigo // a connection ages by the machine's clock
	return err
}

// ready connects, or looks whether a connection that has rested still stands.
func (l *lane) ready() error {
	if l.conn != nil && time.Since(l.used) > laneRest && !l.answers() { //nolint:forbidigo // the same clock
		l.hangUp()
	}
	if l.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.config.ConnectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, redact(err))
	}
	l.conn, l.known = conn, map[string]*pgconn.StatementDescription{}
	return nil
}

// answers asks the server for life.
func (l *lane) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), l.config.ConnectTimeout)
	defer cancel()
	return l.conn.Ping(ctx) == nil
}

func (l *lane) hangUp() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx)
	l.conn = nil
}

// send is one round trip, after a first one for each statement that the connection does not know.
func (l *lane) send(batch []*swap) error {
	pc := l.conn.PgConn()
	// A deadline on the connection instead of a context: pgx would start a goroutine to watch one.
	if err := pc.Conn().SetDeadline(time.Now().Add(laneAnswer)); err != nil { //nolint:forbidigo // the network's clock
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	for _, s := range batch {
		if err := l.prepare(s.statement.SQL); err != nil {
			return err
		}
	}
	p := pc.StartPipeline(context.Background())
	for _, s := range batch {
		described := l.known[s.statement.SQL]
		if err := l.build.Build(l.conn.TypeMap(), described, s.statement.Args); err != nil {
			return errors.Join(fmt.Errorf("postgres: arguments: %w", err), p.Close())
		}
		p.SendQueryStatement(described, l.build.ParamValues, l.build.ParamFormats, l.build.ResultFormats)
	}
	err := p.Sync()
	if err == nil {
		err = l.receive(p, batch)
	}
	return judge(errors.Join(err, p.Close()))
}

// judge tells what the server refused, which undoes the whole batch, from what nobody knows the end of.
func judge(err error) error {
	var pe *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pe) && pe.SeverityUnlocalized == "ERROR" && pe.Code[:2] != "25": // 25: it takes no writes any more, after a failover
		return fmt.Errorf("%w: %w", errRolledBack, err)
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, redact(err)) // whatever it is, this connection is not usable
}

func (l *lane) prepare(sql string) error {
	if l.known[sql] != nil {
		return nil
	}
	described, err := l.conn.PgConn().Prepare(context.Background(), fmt.Sprintf("swap_%d", len(l.known)), sql, nil)
	if err != nil {
		return judge(err)
	}
	l.known[sql] = described
	return nil
}

// receive reads the rows and then whether the transaction was committed.
func (l *lane) receive(p *pgconn.Pipeline, batch []*swap) error {
	for _, s := range batch {
		result, err := p.GetResults()
		if err != nil {
			return err
		}
		rows, ok := result.(*pgconn.ResultReader)
		if !ok {
			return fmt.Errorf("postgres: %T instead of rows", result)
		}
		if s.found = rows.NextRow(); s.found {
			if err := l.scan(rows, s.statement.Row); err != nil {
				return err
			}
		}
		if _, err := rows.Close(); err != nil {
			return err
		}
	}
	_, err := p.GetResults() // the end of the transaction
	return err
}

func (l *lane) scan(rows *pgconn.ResultReader, targets []any) error {
	fields, values := rows.FieldDescriptions(), rows.Values()
	if len(values) != len(targets) {
		return fmt.Errorf("postgres: %d columns for %d targets", len(values), len(targets))
	}
	for i, target := range targets {
		if err := l.conn.TypeMap().Scan(fields[i].DataTypeOID, fields[i].Format, values[i], target); err != nil {
			return fmt.Errorf("postgres: column %s: %w", fields[i].Name, err)
		}
	}
	return nil
}
