package target

type GPR uint16

type Calls struct{ Result GPR }
