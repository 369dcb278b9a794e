package maplayout

type Offset uint32

const HashKeys Offset = 64
