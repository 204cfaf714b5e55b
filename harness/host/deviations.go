package host

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// ErrDeviation is wrapped by what is wrong with the name or value of a deviation.
var ErrDeviation = errors.New("no such deviation")

// DeviationInfo names one fault that can be switched on.
type DeviationInfo struct {
	Name string // "ike.reuse_spi": the layer and the fault's own name
	Type string // "bool" or "number"
}

// DeviationList lists every named fault, sorted.
func DeviationList() []DeviationInfo {
	var list []DeviationInfo
	var d Deviations
	d.each(func(name string, v reflect.Value) {
		kind := "number"
		if v.Kind() == reflect.Bool {
			kind = "bool"
		}
		list = append(list, DeviationInfo{Name: name, Type: kind})
	})
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Set switches a fault on: "ike.reuse_spi", or with a value "spd.leak_cleartext=1". A number
// without a value is 1.
func (d *Deviations) Set(spec string) error {
	name, value, hasValue := strings.Cut(spec, "=")
	found := false
	var err error
	d.each(func(n string, v reflect.Value) {
		if n != name {
			return
		}
		found = true
		if !hasValue {
			value = "1"
		}
		err = setValue(v, value)
	})
	switch {
	case !found:
		return fmt.Errorf("harness/host: %q: %w; list them with: useipsec list deviations", name, ErrDeviation)
	case err != nil:
		return fmt.Errorf("harness/host: deviation %s: %q: %w", name, value, err)
	}
	return nil
}

func setValue(v reflect.Value, value string) error {
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("want true or false: %w", ErrDeviation)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(value, 0, 32)
		if err != nil || n < 0 {
			return fmt.Errorf("want a number that is not negative: %w", ErrDeviation)
		}
		v.SetInt(n)
	default:
		n, err := strconv.ParseUint(value, 0, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("want a number of %d bits: %w", v.Type().Bits(), ErrDeviation)
		}
		v.SetUint(n)
	}
	return nil
}

// each visits every fault that has a name in YAML.
func (d *Deviations) each(f func(name string, v reflect.Value)) {
	layers := reflect.ValueOf(d).Elem()
	for i := range layers.NumField() {
		layer := layers.Field(i)
		prefix := layers.Type().Field(i).Tag.Get("yaml") + "."
		for j := range layer.NumField() {
			name, _, _ := strings.Cut(layer.Type().Field(j).Tag.Get("yaml"), ",")
			switch layer.Field(j).Kind() {
			case reflect.Bool, reflect.Int, reflect.Uint8, reflect.Uint16, reflect.Uint32:
				if name != "" && name != "-" {
					f(prefix+name, layer.Field(j))
				}
			}
		}
	}
}
