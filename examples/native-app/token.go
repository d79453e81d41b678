package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/oauth2"
)

// tokenFile is where the refresh token lies, in a folder that is the user's alone.
func tokenFile() (string, error) {
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "notes-cli", "refresh-token"), err
}

// keep writes the refresh token for its owner alone. It writes a new file and renames it, so that a crash never leaves half
// a token, and an old file that others may read is not written into.
func keep(token string) error {
	path, err := tokenFile()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(dir, "refresh-token-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(fresh.Name()) }() // nothing to remove after the rename
	_, err = fresh.WriteString(token)
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), path)
}

func kept() (string, error) {
	path, err := tokenFile()
	if err != nil {
		return "", err
	}
	token, err := os.ReadFile(path) //nolint:gosec // G304: our own file
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("you are not logged in: say login first")
	}
	return string(token), err
}

// whoAmI buys an access token with the refresh token and asks whose it is.
func (t *tool) whoAmI(ctx context.Context) error {
	old, err := kept()
	if err != nil {
		return err
	}
	tokens, err := t.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: old}).Token()
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		return errors.New("your log-in has ended: say login again")
	case err != nil: // the refresh token is still good: try again later
		return err
	}
	if err := keep(tokens.RefreshToken); err != nil { // before anything else: the old one is spent
		return err
	}
	info, err := t.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return err
	}
	fmt.Println(info.Email)
	return nil
}

// logOut takes the refresh token back (RFC 7009), and with it every access token that it bought.
func (t *tool) logOut(ctx context.Context) error {
	token, err := kept()
	if err != nil {
		return err
	}
	form := url.Values{"token": {token}, "client_id": {t.oauth.ClientID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.revoke, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the token was not taken back: %s", response.Status)
	}
	path, err := tokenFile()
	if err != nil {
		return err
	}
	fmt.Println("You are logged out.")
	return os.Remove(path)
}
