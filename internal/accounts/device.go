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

// programSigns are programs that people know by another name than their own. They are looked for at the start.
func programSigns() []sign {
	return []sign{
		{"Go-http-client/", "Go program"},
		{"python-requests/", "Python program"},
		{"python-httpx/", "Python program"},
		{"Python-urllib/", "Python program"},
		{"node-fetch/", "Node.js program"},
		{"okhttp/", "Android app"},
		{"Dalvik/", "Android app"},
		{"PostmanRuntime/", "Postman"},
	}
}

// Device names what a user agent belongs to in words: "Firefox on Linux", "curl". It is a hint for the
// owner of a list of sessions and proves nothing.
func Device(userAgent string) string {
	if strings.HasPrefix(userAgent, "Mozilla/") {
		browser, system := first(browserSigns(), userAgent), first(systemSigns(), userAgent)
		switch {
		case browser != "" && system != "":
			return browser + " on " + system
		case browser != "":
			return browser
		case system != "":
			return "Browser on " + system
		}
		return unknownDevice
	}
	if name := knownProgram(userAgent); name != "" {
		return name
	}
	// A program names itself first: curl/8.5.0.
	end := strings.IndexFunc(userAgent, func(r rune) bool { return !isWord(r) })
	if end < 0 {
		end = len(userAgent)
	}
	if end == 0 || end > maxProgram {
		return unknownDevice
	}
	return userAgent[:end]
}

func knownProgram(userAgent string) string {
	for _, s := range programSigns() {
		if strings.HasPrefix(userAgent, s.mark) {
			return s.name
		}
	}
	return ""
}

// deviceInMail is Device in words of ours alone: a stranger's own must not come to a mail with our signature, where
// www.example.com would be a link.
func deviceInMail(userAgent string) string {
	if strings.HasPrefix(userAgent, "Mozilla/") {
		return Device(userAgent)
	}
	if name := knownProgram(userAgent); name != "" {
		return name
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
