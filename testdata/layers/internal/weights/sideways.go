package weights

import (
	_ "github.com/blocktrain/blocktrain/internal/fileio"
	_ "github.com/blocktrain/blocktrain/internal/metric/part"
)
