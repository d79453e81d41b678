package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/jose"
)

type keyDoc struct {
	ID        string         `json:"kid"`
	Algorithm jose.Algorithm `json:"alg"`
	State     admin.KeyState `json:"state"`
	CreatedAt time.Time      `json:"created_at"`
	SignsAt   *time.Time     `json:"signs_at,omitempty"`
	RetiredAt *time.Time     `json:"retired_at,omitempty"`
	RemovedAt *time.Time     `json:"removed_at,omitempty"`
}

func keyDocument(v admin.KeyView) keyDoc {
	return keyDoc{v.ID, v.Algorithm, v.State, v.CreatedAt, optional(v.SignsAt), optional(v.RetiredAt), optional(v.RemovedAt)}
}

func (p *program) key() *cli.Command {
	return &cli.Command{
		Name: "key", Usage: "list and rotate the keys that sign tokens", Category: "who and what",
		Commands: []*cli.Command{p.keyList(), p.keyRotate(), p.keyRemove()},
	}
}

func (p *program) keyList() *cli.Command {
	return listing[admin.KeyView]{
		usage: "list the signing keys, oldest first", member: "keys", load: (*admin.Service).Keys,
		document: func(v admin.KeyView) any { return keyDocument(v) },
		head:     []any{"KID", "ALG", "STATE", "CREATED", "SIGNS FROM", "SIGNS UNTIL", "REMOVED"},
		cells: func(v admin.KeyView) []any {
			return []any{v.ID, v.Algorithm, v.State, v.CreatedAt, v.SignsAt, v.RetiredAt, v.RemovedAt}
		},
	}.command(p)
}

func (p *program) keyRotate() *cli.Command {
	return &cli.Command{
		Name: "rotate", Usage: "make the next signing key; it is published now and signs ten minutes later",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "algorithm", Usage: "of the key: ES256, EdDSA, RS256 or PS256", Value: string(jose.ES256)},
			&cli.BoolFlag{Name: "now", Usage: "sign at once: verifiers that do not know the key yet must ask for it"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, err := s.RotateKey(ctx, jose.Algorithm(c.String("algorithm")), c.Bool("now"), actor())
				if err != nil {
					return err
				}
				return p.print(keyDocument(v), func(w io.Writer) {
					row(w, "kid", v.ID)
					row(w, "state", v.State)
					row(w, "signs from", v.SignsAt)
				})
			})
		},
	}
}

func (p *program) keyRemove() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "take a key that leaked out at once: what it signed is refused", ArgsUsage: "KID", Flags: []cli.Flag{p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			kid, err := argument(c, "KID")
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				if err := p.confirm(fmt.Sprintf("This removes the key %s at once. Every token that it signed is refused: applications refresh, ID tokens are void.", kid)); err != nil {
					return err
				}
				made, err := s.RemoveKey(ctx, kid, actor())
				if err != nil {
					return err
				}
				doc := map[string]any{"kid": kid, "changed": true}
				if made != "" {
					doc["new_kid"] = made
				}
				return p.print(doc, func(w io.Writer) {
					row(w, "removed", kid)
					row(w, "signs now", made)
				})
			})
		},
	}
}
