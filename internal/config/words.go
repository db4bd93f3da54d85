package config

import "strings"

// SplitWords reads words with commas between them. Spaces around a word do not count, and
// empty words are none. A word in double quotes is taken as it stands, but for "", which is
// one quote. What begins with a quote and is not closed before a comma, or before the end,
// is no word in quotes.
func SplitWords(text string) []string {
	words := []string{}
	for text != "" {
		word, rest, quoted := cutQuoted(text)
		if !quoted {
			word, rest, _ = strings.Cut(text, ",")
			word = strings.TrimSpace(word)
		}
		if word != "" {
			words = append(words, word)
		}
		text = rest
	}
	return words
}

// cutQuoted takes a word in quotes, and the comma behind it, off the beginning of text.
func cutQuoted(text string) (word, rest string, quoted bool) {
	inside, is := strings.CutPrefix(strings.TrimLeft(text, " \t"), `"`)
	if !is {
		return "", "", false
	}
	for {
		before, after, closed := strings.Cut(inside, `"`)
		if !closed {
			return "", "", false
		}
		word += before
		if inside, is = strings.CutPrefix(after, `"`); is {
			word += `"`
			continue
		}
		after = strings.TrimLeft(after, " \t")
		if rest, is = strings.CutPrefix(after, ","); !is && after != "" {
			return "", "", false
		}
		return word, rest, true
	}
}

// JoinWords writes words so that SplitWords reads them again.
func JoinWords(words []string) string {
	written := make([]string, len(words))
	for i, word := range words {
		written[i] = QuoteWord(word)
	}
	return strings.Join(written, ",")
}

// QuoteWord writes a word so that SplitWords reads it as it is.
func QuoteWord(word string) string {
	if word == "" || !strings.Contains(word, ",") && !strings.HasPrefix(word, `"`) && strings.TrimSpace(word) == word {
		return word
	}
	return `"` + strings.ReplaceAll(word, `"`, `""`) + `"`
}
