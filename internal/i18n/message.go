package i18n

// Message is something to say, in no language yet. Nil says nothing.
type Message struct {
	key   string
	args  []any
	name  string            // what to say as it is; instead of the key
	words map[string]string // by language, of whoever wrote them; instead of, or before, the key
}

// Say means the message of a key. Arguments are pairs of a placeholder's name and its value: a string, a whole number or
// another message.
func Say(key string, args ...any) *Message { return &Message{key: key, args: args} }

// InWords means words that somebody wrote in languages of their choice, such as those of a configuration. A reader gets
// those in their own language; else the English ones; else the message of otherwise, if it is not nil; else any.
func InWords(words map[string]string, otherwise *Message) *Message {
	m := Message{words: words}
	if otherwise != nil {
		m.key, m.args = otherwise.key, otherwise.args
	}
	return &m
}

// Verbatim means a name, which is the same in every language.
func Verbatim(name string) *Message { return &Message{name: name} }
