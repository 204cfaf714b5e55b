package scenarios

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// Deviations are the faults of an IPsec host of ours, by the layer they act in.
// The zero value is an honest one.
type Deviations struct {
	IKE ikev1.Deviations `yaml:"ike" json:"ike"`
	ESP esp.Deviations   `yaml:"esp" json:"esp"`
	SPD spd.Deviations   `yaml:"spd" json:"spd"`
}

// ErrDeviation is wrapped by what is wrong with the name or value of a deviation.
var ErrDeviation = errors.New("not a deviation")

// DeviationInfo describes one fault that can be switched on.
type DeviationInfo struct {
	Name string   `json:"name"`           // "ike.reuse_spi": the layer and the fault's own name
	Type string   `json:"type"`           // "bool", "number", or "list" of texts such as "main3 KE truncate=4"
	Text string   `json:"text"`           // what its value is, or causes
	Refs []string `json:"refs,omitempty"` // "RFC2408/2.4": the sections it is about
}

// deviationText is what the comment at a fault's field says.
type deviationText struct {
	text string
	refs []string
}

// DeviationList lists every named fault, sorted.
func DeviationList() []DeviationInfo {
	var list []DeviationInfo
	var d Deviations
	d.each(func(name string, v reflect.Value) {
		kind := "number"
		switch v.Kind() {
		case reflect.Bool:
			kind = "bool"
		case reflect.Slice:
			kind = "list"
		}
		said := deviationTexts[name]
		list = append(list, DeviationInfo{Name: name, Type: kind, Text: said.text, Refs: said.refs})
	})
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Set switches a fault on: "ike.reuse_spi", or with a value "spd.leak_cleartext=1". A number
// without a value is 1. A list takes one more member each time: "ike.payloads=main3 KE truncate=4".
func (d *Deviations) Set(spec string) error {
	name, value, hasValue := strings.Cut(spec, "=")
	found := false
	var err error
	var names []string
	d.each(func(n string, v reflect.Value) {
		names = append(names, n)
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
		if near := strict.Nearest(name, names, 1); len(near) > 0 {
			return fmt.Errorf("scenarios: %q: %w; did you mean %q?", name, ErrDeviation, near[0])
		}
		return fmt.Errorf("scenarios: %q: %w; list them with: useipsec list deviations", name, ErrDeviation)
	case err != nil:
		return fmt.Errorf("scenarios: %s=%s: %w", name, value, err)
	}
	return nil
}

func setValue(v reflect.Value, value string) error {
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%w: want true or false", ErrDeviation)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(value, 0, 32)
		if err != nil || n < 0 {
			return fmt.Errorf("%w: want a number that is not negative", ErrDeviation)
		}
		v.SetInt(n)
	case reflect.Slice:
		member := reflect.New(v.Type().Elem())
		if err := member.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(value)); err != nil {
			return fmt.Errorf("%w: %w", ErrDeviation, err)
		}
		v.Set(reflect.Append(v, member.Elem()))
	default:
		n, err := strconv.ParseUint(value, 0, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%w: want a number of %d bits", ErrDeviation, v.Type().Bits())
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
			if name != "" && name != "-" && settable(layer.Field(j).Type()) {
				f(prefix+name, layer.Field(j))
			}
		}
	}
}

// settable reports whether a fault's value can be written as one text.
func settable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return true
	case reflect.Slice:
		return reflect.PointerTo(t.Elem()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	}
	return false
}
