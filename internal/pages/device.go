package pages

import "strings"

// known is one thing to look for in a user agent. The order matters: Edge calls itself Chrome too, and
// Chrome calls itself Safari.
type known struct{ mark, name string }

func browsers() []known {
	return []known{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Vivaldi/", "Vivaldi"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
		{"Wget/", "Wget"},
		{"Go-http-client/", "a Go program"},
		{"python-requests/", "a Python program"},
	}
}

func systems() []known {
	return []known{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Macintosh", "macOS"},
		{"Linux", "Linux"},
	}
}

// deviceName turns a user agent into what its owner would call it: "Firefox on Linux". It is a hint for a
// person and decides nothing.
func deviceName(userAgent string) string {
	browser, system := firstIn(userAgent, browsers()), firstIn(userAgent, systems())
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return strings.ToUpper(browser[:1]) + browser[1:]
	case system != "":
		return "A browser on " + system
	}
	return "An unknown device"
}

func firstIn(s string, all []known) string {
	for _, k := range all {
		if strings.Contains(s, k.mark) {
			return k.name
		}
	}
	return ""
}
