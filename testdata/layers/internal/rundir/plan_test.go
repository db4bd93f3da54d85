package rundir

import _ "github.com/blocktrain/blocktrain/internal/engine"
