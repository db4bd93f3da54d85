package main

import _ "github.com/blocktrain/blocktrain/internal/lost"
