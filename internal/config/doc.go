// Package config reads what an operator says: one YAML file, the environment, flags. It is a side door: internal/app
// calls Load and hands the parts of the Config to the packages that need them.
//
// Every key stands once in the table of keys.go, with its default, its rule and its words; Load, the environment's
// names, docs/configuration.md and its test are made from that table. Sources are laid over each other in the order
// defaults, file, environment, flags. Nothing is guessed and nothing unknown is passed over: Load collects every fault
// there is and returns them together, each with the key's name, what is wrong and what to write.
//
// Secrets come from files named by a key ending in _file and leave as secret.Token. No fault repeats a value that could
// be one.
package config
