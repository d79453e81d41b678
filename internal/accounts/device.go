package accounts

import "strings"

// unknownDevice is what a user agent that says nothing readable is called.
const unknownDevice = "Unknown device"

const maxProgram = 40 // bytes of a program's name

type sign struct{ mark, name string }

// browserSigns and systemSigns are looked for in this order: nearly every browser also claims to be
// the ones below it.
func browserSigns() []sign {
	return []sign{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"EdgiOS/", "Edge"},
		{"OPR/", "Opera"},
		{"Vivaldi/", "Vivaldi"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"HeadlessChrome/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Safari/", "Safari"},
	}
}

func systemSigns() []sign {
	return []sign{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Macintosh", "macOS"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
		{"X11", "Unix"},
	}
}

// Agent is what a user agent says, in names that are the same in every language. What is empty is not known.
type Agent struct {
	Program string // "Firefox", "curl"
	System  string // "Linux"; of a browser
	// Of a program that goes by the name of its library:
	Language string // it is written in: "Go"
	Platform string // it is an app for: "Android"
}

// String returns it in English.
func (a Agent) String() string {
	switch {
	case a.Program != "" && a.System != "":
		return a.Program + " on " + a.System
	case a.System != "":
		return "Browser on " + a.System
	case a.Language != "":
		return a.Language + " program"
	case a.Platform != "":
		return a.Platform + " app"
	case a.Program != "":
		return a.Program
	}
	return unknownDevice
}

// programSigns are programs that people know by another name than their own. They are looked for at the start.
func programSigns() []struct {
	mark string
	Agent
} {
	return []struct {
		mark string
		Agent
	}{
		{"Go-http-client/", Agent{Language: "Go"}},
		{"python-requests/", Agent{Language: "Python"}},
		{"python-httpx/", Agent{Language: "Python"}},
		{"Python-urllib/", Agent{Language: "Python"}},
		{"node-fetch/", Agent{Language: "Node.js"}},
		{"okhttp/", Agent{Platform: "Android"}},
		{"Dalvik/", Agent{Platform: "Android"}},
		{"PostmanRuntime/", Agent{Program: "Postman"}},
	}
}

// Device names what a user agent belongs to in words: "Firefox on Linux", "curl". It is a hint for the
// owner of a list of sessions and proves nothing.
func Device(userAgent string) string { return ReadAgent(userAgent).String() }

// ReadAgent is Device in parts, for those who speak another language.
func ReadAgent(userAgent string) Agent {
	if strings.HasPrefix(userAgent, "Mozilla/") {
		return Agent{Program: first(browserSigns(), userAgent), System: first(systemSigns(), userAgent)}
	}
	if a := knownProgram(userAgent); a != (Agent{}) {
		return a
	}
	// A program names itself first: curl/8.5.0.
	end := strings.IndexFunc(userAgent, func(r rune) bool { return !isWord(r) })
	if end < 0 {
		end = len(userAgent)
	}
	if end > maxProgram {
		return Agent{}
	}
	return Agent{Program: userAgent[:end]}
}

func knownProgram(userAgent string) Agent {
	for _, s := range programSigns() {
		if strings.HasPrefix(userAgent, s.mark) {
			return s.Agent
		}
	}
	return Agent{}
}

// deviceInMail is Device in words of ours alone: a stranger's own must not come to a mail with our signature, where
// www.example.com would be a link.
func deviceInMail(userAgent string) string {
	if strings.HasPrefix(userAgent, "Mozilla/") {
		return Device(userAgent)
	}
	if a := knownProgram(userAgent); a != (Agent{}) {
		return a.String()
	}
	if strings.HasPrefix(userAgent, "curl/") {
		return "curl"
	}
	return "an unknown device"
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
}

func first(signs []sign, in string) string {
	for _, s := range signs {
		if strings.Contains(in, s.mark) {
			return s.name
		}
	}
	return ""
}
