package maplayout

import "fmt"

// Records is a queue of records of any length that programs write and the host
// reads: a ring buffer, or what is sent to a perf event array.
//
//	region   +0       lock: not 0 while room is being reserved
//	         +8       producer: bytes that were ever reserved, 64 bits
//	         +16      consumer: bytes that the host is done with, 64 bits
//	         +24      records for which there was no room (a word of the atomic engine)
//	         +32      Room bytes in which records begin, and as many behind them
//	record   +0       length of the data in bytes, with the kernel's bits for a
//	                  record that is still written and one that was discarded
//	                  (a word of the atomic engine)
//	         +4       packet pointer of the writer
//	         +8       data; the next record begins at a multiple of 8 behind it
//
// A record at position p begins p modulo Room bytes from the first place on. It
// goes on in a straight line beyond Room, so that it is
// never in two pieces: the bytes at the beginning that it would take in a ring
// stay unused.
//
// Data of an event is two words, the lengths of what the program passed and of
// the packet's bytes; the former, filled up to words; and the latter.
type Records struct {
	Room   uint32 // a power of two
	Events bool
}

// KindRingbuf and KindEvents name the layout in images.
const (
	KindRingbuf Kind = "ringbuf"
	KindEvents  Kind = "perf_events"
)

var _, _ = register(KindRingbuf, parser{records: true, parse: parseRingbuf}), register(KindEvents, parser{records: true, parse: parseEvents})

// Offsets in the region and in a record.
const (
	RecordsLock     Offset = 0
	RecordsProducer Offset = 8
	RecordsConsumer Offset = 16
	RecordsLost     Offset = 24
	RecordsFirst    Offset = 32

	RecordLength Offset = 0
	RecordWriter Offset = 4
	RecordData   Offset = 8

	EventSize   Offset = 0 // in the data of an event
	EventPacket Offset = 4
	EventData   Offset = 8
)

// Limits of a queue, in bytes.
const (
	RecordsMin  = 64
	RecordsMost = 1 << 28
)

// EventsRoom is the room of a perf event array in bytes: as much as 16 pages,
// which is what tools usually map for a processor.
const EventsRoom = 16 << 12

// paramRoom is the room in images of perf event arrays, in bytes.
const paramRoom = "room"

// NewRingbuf lays out a ring buffer of the bytes that a program declares.
func NewRingbuf(s Shape) Records { return Records{Room: s.MaxEntries} }

// NewEvents lays out the queue of a perf event array.
func NewEvents() Records { return Records{Room: EventsRoom, Events: true} }

// CheckRecords refuses a queue that cannot be served at its place.
func CheckRecords(r Records, base uint64) error {
	if r.Room < RecordsMin || r.Room > RecordsMost || r.Room&(r.Room-1) != 0 {
		return fmt.Errorf("%s of %d bytes; powers of two from %d to %d are possible", r.Kind(), r.Room, RecordsMin, RecordsMost)
	}
	return CheckPlace(base, r.Size())
}

func parseRingbuf(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	if err := known(KindRingbuf, params); err != nil {
		return nil, err
	}
	return parseRecords(NewRingbuf(s), uint64(s.MaxEntries), step)
}

func parseEvents(_ Shape, step uint32, params map[string]uint64) (Layout, error) {
	if err := known(KindEvents, params, paramRoom); err != nil {
		return nil, err
	}
	return parseRecords(Records{Room: uint32(params[paramRoom]), Events: true}, params[paramRoom], step)
}

// parseRecords takes any queue that programs could write to, whoever made it.
func parseRecords(r Records, room uint64, step uint32) (Layout, error) {
	if room > RecordsMost || step != r.Step() {
		return nil, fmt.Errorf("layout %s of %d bytes with a step of %d", r.Kind(), room, step)
	}
	return r, CheckRecords(r, Align)
}

// At returns the offset of the record at a position.
func (r Records) At(position uint64) uint64 {
	return uint64(RecordsFirst) + position&uint64(r.Room-1)
}

// Taken returns the bytes that a record with n bytes of data takes.
func (r Records) Taken(n uint64) uint64 { return (uint64(RecordData) + n + Align - 1) &^ (Align - 1) }

// Kind implements Layout.
func (r Records) Kind() Kind {
	if r.Events {
		return KindEvents
	}
	return KindRingbuf
}

// Size implements Layout.
func (r Records) Size() uint64 { return uint64(RecordsFirst) + 2*uint64(r.Room) }

// Step implements Layout: records have no distance of their own.
func (r Records) Step() uint32 { return Align }

// Values implements Layout: to programs all records are one value.
func (r Records) Values() Values {
	return Values{First: uint64(RecordsFirst), Stride: 2 * uint64(r.Room), Size: 2 * r.Room}
}

// Params implements Layout.
func (r Records) Params() map[string]uint64 {
	if r.Events {
		return map[string]uint64{paramRoom: uint64(r.Room)}
	}
	return nil
}
