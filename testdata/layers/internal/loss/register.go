package loss

import _ "image/png"

func init() {}
