package kernel

import _ "github.com/blocktrain/blocktrain/internal/cli"
