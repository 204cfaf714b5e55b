// Package live is a tap on one network interface of a Linux machine: whole
// link layer frames in and out, with the kernel's timestamps and directions.
//
// On other operating systems [Open] fails with an error that says so.
package live
