// Package i18n turns messages into the language of whoever reads them.
//
// A catalogue is one YAML file for a language, named by its tag: en.yaml, pt-BR.yaml. [Load] reads all of a folder and
// refuses one that has other messages or other placeholders than the base, so that no page is half in English. Code below
// the pages does not know a language: it says which [Message] it means, and [Catalogue.Say] puts it into words where the
// page is written.
//
// No text is ever markup. What a catalogue says is escaped as what a user typed is; only arguments that the caller made of
// type template.HTML pass as they are.
package i18n
