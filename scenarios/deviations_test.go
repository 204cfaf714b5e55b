package scenarios_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

// TestDeviationNames holds the names on the command line against the structs behind them.
func TestDeviationNames(t *testing.T) {
	list := scenarios.DeviationList()
	if len(list) < 50 {
		t.Errorf("%d deviations", len(list))
	}
	for _, d := range list {
		var got scenarios.Deviations
		spec := d.Name
		if d.Type == "list" {
			spec += "=main3 KE truncate=4"
		}
		if err := got.Set(spec); err != nil {
			t.Error(err)
		}
		if reflect.ValueOf(got).IsZero() {
			t.Errorf("%s sets nothing", d.Name)
		}
	}
	var d scenarios.Deviations
	if err := d.Set("spd.leak_cleartext=3"); err != nil || d.SPD.LeakCleartext != 3 {
		t.Error(err)
	}
	for _, bad := range []string{"", "ike", "ike.", "ike.none", "ike.edit_bytes", "ike.reuse_spi=maybe", "esp.bad_icv=-1", "ike.id_port=70000", "ike.payloads", "ike.payloads=main3 KE break"} {
		if err := d.Set(bad); !errors.Is(err, scenarios.ErrDeviation) || !strings.Contains(err.Error(), "scenarios:") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
