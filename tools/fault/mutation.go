//go:build linux

package main

import (
	"fmt"
	"strings"
)

// mutation is a bug that is laid over the sources of the server, to show that the kit finds it.
type mutation struct {
	name, about string
	engine      string // where it shows
	changes     []change
}

func mutations() []mutation {
	return []mutation{
		{
			"second-branch", "a retry inside the window gets a new generation instead of the same successor", "sqlite",
			[]change{{
				"internal/auth/verdict.go",
				"	if !due(g.ReplayNotedAt, now) {\n		return Ruling{Verdict: Replay}\n	}\n",
				"	g.Last = p.Token.Generation\n	g.Current++\n",
			}},
		},
		{
			"revocation-not-durable", "what takes rights away is committed as relaxed as a rotation", "postgres",
			[]change{{
				"internal/store/postgres/postgres.go",
				`"synchronous_commit": "on"`, `"synchronous_commit": "off"`,
			}},
		},
		{
			"revocation-not-marked", "the end of a session does not mark its grants, and the swap asks for nothing else", "sqlite",
			[]change{{
				"internal/store/grants_many.go",
				"WHERE `+where+` AND revoked_at = 0 RETURNING id`", "WHERE `+where+` AND revoked_at = 1 RETURNING id`",
			}},
		},
		{
			"reuse-not-detected", "an old generation is refused and its grant lives on", "sqlite",
			[]change{{
				"internal/auth/verdict.go",
				"	c := KillGrant(g, ReasonReuse, r, now)\n", "	c := Change{Grant: g}\n	_ = r\n",
			}},
		},
		{
			"no-healing", "a token newer than the database knows is taken for reuse", "sqlite",
			[]change{{
				"internal/auth/verdict.go",
				"	case m < g.Current && !g.Replayable(m):", "	case m < g.Current && !g.Replayable(m), m > g.Current:",
			}},
		},
		{
			"code-not-spent", "an authorization code can be redeemed again and again", "sqlite",
			[]change{
				{"internal/store/authorization_codes.go", "WHERE hash = $3 AND used_at = 0`", "WHERE hash = $3`"},
				{"internal/auth/authorization_request.go", "	case !c.UsedAt.IsZero():", "	case c.Hash == [32]byte{}:"},
			},
		},
		{
			"code-replay-forgiven", "a code that is presented again is refused, and what it bought lives on", "sqlite",
			[]change{{
				"internal/grants/codes.go",
				"			return s.endReplayed(ctx, tx, code.Hash, ask.Caller)\n", "			return nil\n",
			}},
		},
		{
			"lost-reply-is-reuse", "an old generation after the window is always taken for theft", "sqlite",
			[]change{{
				"internal/auth/verdict.go",
				"	case m < g.Current && !g.Replayable(m):", "	case m < g.Current && (!g.Replayable(m) || !r.WindowOpen(g.Chain, proves, now)):",
			}},
		},
	}
}

// mutationNamed finds one, or lists them all in the error.
func mutationNamed(name string) (mutation, error) {
	var all []string
	for _, m := range mutations() {
		if m.name == name {
			return m, nil
		}
		all = append(all, m.name)
	}
	return mutation{}, fmt.Errorf("-mutation %s: want one of %s", name, strings.Join(all, ", "))
}
