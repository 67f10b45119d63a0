// SPDX-License-Identifier: Apache-2.0

// Package level lets formats grow whose readers refuse what they do not know.
// Hub, agent, loader and engine are not of one version: pods stay on the image
// that they were made with, and a region is upgraded when its people can.
//
// What a build can read is one number, its level. A field that came after the
// first level carries in its tag the one that brought it,
//
//	Until int64 `json:"until,omitempty" level:"2"`
//
// and whoever writes for a reader of a lower level leaves the field out. A
// document says which level it needs, and nothing when that is the first, so
// that its bytes stay what they were as long as nothing new is used.
package level

import (
	"reflect"
	"strconv"
)

// The levels. One stays open until it is released: a build between two
// releases is held to the one before.
const (
	// First is what a reader knows that says nothing of its level.
	First = 1
	// Known is what this build reads, and the most that it writes.
	Known = 2
)

// Of returns the level that v needs: the highest of the fields that it uses.
func Of(v any) int64 {
	return of(reflect.ValueOf(v))
}

func of(v reflect.Value) int64 {
	need := int64(First)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && !v.Field(i).IsZero() {
				need = max(need, brought(field), of(v.Field(i)))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			need = of(v.Elem())
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			break // bytes are not looked into
		}
		for i := range v.Len() {
			need = max(need, of(v.Index(i)))
		}
	case reflect.Map:
		for each := v.MapRange(); each.Next(); {
			need = max(need, of(each.Value()))
		}
	}
	return need
}

// At returns v as a reader of the level knows it: without the fields that
// later levels brought. v itself is not changed.
func At[T any](v T, level int64) T {
	if Of(v) <= level {
		return v
	}
	cut, _ := reflect.TypeAssert[T](at(reflect.ValueOf(v), level))
	return cut
}

func at(v reflect.Value, level int64) reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			switch field := v.Type().Field(i); {
			case !field.IsExported():
			case brought(field) > level:
				out.Field(i).SetZero()
			default:
				out.Field(i).Set(at(v.Field(i), level))
			}
		}
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(at(v.Elem(), level))
		return out
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(at(v.Index(i), level))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for each := v.MapRange(); each.Next(); {
			out.SetMapIndex(each.Key(), at(each.Value(), level))
		}
		return out
	}
	return v
}

// brought is the level in a field's tag. A tag that is no number counts as
// none, which the tests against the structs of the first level do not let pass.
func brought(field reflect.StructField) int64 {
	level, err := strconv.ParseInt(field.Tag.Get("level"), 10, 64)
	if err != nil {
		return First
	}
	return level
}
