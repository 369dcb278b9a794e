package offload

import "errors"

// Advice is what the caller can do about an error. It is a code and not words,
// because what to type is the program's that talks to the user.
type Advice uint8

// The advices.
const (
	NoAdvice Advice = iota
	// AdviseList is to look at the list of devices.
	AdviseList
	// AdviseShow is to look at what is attached.
	AdviseShow
	// AdviseShowRetry is to look at what is attached and try again.
	AdviseShowRetry
	// AdviseAttach is to attach a first program.
	AdviseAttach
	// AdviseReplace is to replace, or attach with Request.Force.
	AdviseReplace
	// AdviseReplaceOrMove is AdviseReplace, or another Hook.Pref or Handle.
	AdviseReplaceOrMove
	// AdviseDetachTC is to detach the tc program first.
	AdviseDetachTC
	// AdviseDetachOther is to detach the program that is there, or replace that
	// one.
	AdviseDetachOther
	// AdviseName is to name one of several attachments, or all.
	AdviseName
	// AdviseHardware is Hook.Mode Hardware.
	AdviseHardware
	// AdviseNotDriver is a Hook.Mode other than Driver.
	AdviseNotDriver
	// AdviseHostMode is a Hook.Mode of the host.
	AdviseHostMode
	// AdviseType is to say the program's type.
	AdviseType
	// AdviseProgram is to name one of several programs.
	AdviseProgram
	// AdvisePref is another Hook.Pref.
	AdvisePref
	// AdviseNoProtocol is to leave out Hook.Protocol.
	AdviseNoProtocol
	// AdviseNoChain is to leave out Hook.Chain.
	AdviseNoChain
	// AdviseTCOffload is to turn on hw-tc-offload.
	AdviseTCOffload
	// AdviseFeatures is to look at what the device takes.
	AdviseFeatures
	// AdviseCheck is to check the program beforehand.
	AdviseCheck
	// AdvisePrograms is to look at the list of programs.
	AdvisePrograms
	// AdvisePinElsewhere is another Request.Pin, or Request.Force.
	AdvisePinElsewhere
	// AdvisePinFresh is Request.Fresh, which gives the old pin another name.
	AdvisePinFresh
	// AdviseDropMap is to name the map in Request.DropMaps.
	AdviseDropMap
	// AdviseSlot is to say what a slot of a program array holds, or Request.Fresh.
	AdviseSlot
	// AdviseEnd is to change the entries of a map that hold a program, or Request.Fresh.
	AdviseEnd
)

// LastAdvice is the last of the codes.
const LastAdvice = AdviseEnd

// advised is an error that carries an advice.
type advised struct {
	error
	advice Advice
}

func (a *advised) Unwrap() error { return a.error }

// Advise returns an error that carries an advice.
func Advise(err error, a Advice) error { return &advised{err, a} }

// AdviceOf returns the advice that an error carries, the outermost one, or
// NoAdvice.
func AdviceOf(err error) Advice {
	for err != nil {
		switch e := err.(type) {
		case *advised:
			return e.advice
		case *Error:
			if e.Advice != NoAdvice {
				return e.Advice
			}
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				if a := AdviceOf(inner); a != NoAdvice {
					return a
				}
			}
			return NoAdvice
		}
		err = errors.Unwrap(err)
	}
	return NoAdvice
}
