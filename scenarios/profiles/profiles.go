// Package profiles holds the built-in profiles: one YAML file each, whose name
// without the extension is the profile's name. Package profile reads them.
package profiles

import "embed"

// FS has the profiles in its root directory.
//
//go:embed *.yaml
var FS embed.FS
