package profile

import "github.com/useipsec/useipsec/scenarios/strict"

// The texts of the enumerations. Values lists what a file may say; UnmarshalText
// takes exactly those; an unstated value is the empty text.

// String returns the text in a profile, or Unknown(n).
func (l Level) String() string { return levelNames.String(uint8(l)) }

// MarshalText returns the text in a profile.
func (l Level) MarshalText() ([]byte, error) { return levelNames.Marshal(uint8(l)) }

// UnmarshalText takes the text in a profile.
func (l *Level) UnmarshalText(b []byte) error { return strict.Unmarshal(levelNames, l, b) }

// Values returns the texts that a profile may use.
func (Level) Values() []string { return levelNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (n Need) String() string { return needNames.String(uint8(n)) }

// MarshalText returns the text in a profile.
func (n Need) MarshalText() ([]byte, error) { return needNames.Marshal(uint8(n)) }

// UnmarshalText takes the text in a profile.
func (n *Need) UnmarshalText(b []byte) error { return strict.Unmarshal(needNames, n, b) }

// Values returns the texts that a profile may use.
func (Need) Values() []string { return needNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (a Action) String() string { return actionNames.String(uint8(a)) }

// MarshalText returns the text in a profile.
func (a Action) MarshalText() ([]byte, error) { return actionNames.Marshal(uint8(a)) }

// UnmarshalText takes the text in a profile.
func (a *Action) UnmarshalText(b []byte) error { return strict.Unmarshal(actionNames, a, b) }

// Values returns the texts that a profile may use.
func (Action) Values() []string { return actionNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (m Method) String() string { return methodNames.String(uint8(m)) }

// MarshalText returns the text in a profile.
func (m Method) MarshalText() ([]byte, error) { return methodNames.Marshal(uint8(m)) }

// UnmarshalText takes the text in a profile.
func (m *Method) UnmarshalText(b []byte) error { return strict.Unmarshal(methodNames, m, b) }

// Values returns the texts that a profile may use.
func (Method) Values() []string { return methodNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (v IKEVersion) String() string { return versionNames.String(uint8(v)) }

// MarshalText returns the text in a profile.
func (v IKEVersion) MarshalText() ([]byte, error) { return versionNames.Marshal(uint8(v)) }

// UnmarshalText takes the text in a profile.
func (v *IKEVersion) UnmarshalText(b []byte) error { return strict.Unmarshal(versionNames, v, b) }

// Values returns the texts that a profile may use.
func (IKEVersion) Values() []string { return versionNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (a Accept) String() string { return acceptNames.String(uint8(a)) }

// MarshalText returns the text in a profile.
func (a Accept) MarshalText() ([]byte, error) { return acceptNames.Marshal(uint8(a)) }

// UnmarshalText takes the text in a profile.
func (a *Accept) UnmarshalText(b []byte) error { return strict.Unmarshal(acceptNames, a, b) }

// Values returns the texts that a profile may use.
func (Accept) Values() []string { return acceptNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (u UserSA) String() string { return userSANames.String(uint8(u)) }

// MarshalText returns the text in a profile.
func (u UserSA) MarshalText() ([]byte, error) { return userSANames.Marshal(uint8(u)) }

// UnmarshalText takes the text in a profile.
func (u *UserSA) UnmarshalText(b []byte) error { return strict.Unmarshal(userSANames, u, b) }

// Values returns the texts that a profile may use.
func (UserSA) Values() []string { return userSANames.Values() }

// String returns the text in a profile, or Unknown(n).
func (s Status) String() string { return statusNames.String(uint8(s)) }

// MarshalText returns the text in a profile.
func (s Status) MarshalText() ([]byte, error) { return statusNames.Marshal(uint8(s)) }

// UnmarshalText takes the text in a profile.
func (s *Status) UnmarshalText(b []byte) error { return strict.Unmarshal(statusNames, s, b) }

// Values returns the texts that a profile may use.
func (Status) Values() []string { return statusNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (s Segment) String() string { return segmentNames.String(uint8(s)) }

// MarshalText returns the text in a profile.
func (s Segment) MarshalText() ([]byte, error) { return segmentNames.Marshal(uint8(s)) }

// UnmarshalText takes the text in a profile.
func (s *Segment) UnmarshalText(b []byte) error { return strict.Unmarshal(segmentNames, s, b) }

// Values returns the texts that a profile may use.
func (Segment) Values() []string { return segmentNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (r Relation) String() string { return relationNames.String(uint8(r)) }

// MarshalText returns the text in a profile.
func (r Relation) MarshalText() ([]byte, error) { return relationNames.Marshal(uint8(r)) }

// UnmarshalText takes the text in a profile.
func (r *Relation) UnmarshalText(b []byte) error { return strict.Unmarshal(relationNames, r, b) }

// Values returns the texts that a profile may use.
func (Relation) Values() []string { return relationNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (l Likelihood) String() string { return likelihoodNames.String(uint8(l)) }

// MarshalText returns the text in a profile.
func (l Likelihood) MarshalText() ([]byte, error) { return likelihoodNames.Marshal(uint8(l)) }

// UnmarshalText takes the text in a profile.
func (l *Likelihood) UnmarshalText(b []byte) error { return strict.Unmarshal(likelihoodNames, l, b) }

// Values returns the texts that a profile may use.
func (Likelihood) Values() []string { return likelihoodNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (a Addressing) String() string { return addressingNames.String(uint8(a)) }

// MarshalText returns the text in a profile.
func (a Addressing) MarshalText() ([]byte, error) { return addressingNames.Marshal(uint8(a)) }

// UnmarshalText takes the text in a profile.
func (a *Addressing) UnmarshalText(b []byte) error { return strict.Unmarshal(addressingNames, a, b) }

// Values returns the texts that a profile may use.
func (Addressing) Values() []string { return addressingNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (i Issuer) String() string { return issuerNames.String(uint8(i)) }

// MarshalText returns the text in a profile.
func (i Issuer) MarshalText() ([]byte, error) { return issuerNames.Marshal(uint8(i)) }

// UnmarshalText takes the text in a profile.
func (i *Issuer) UnmarshalText(b []byte) error { return strict.Unmarshal(issuerNames, i, b) }

// Values returns the texts that a profile may use.
func (Issuer) Values() []string { return issuerNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (s Sharing) String() string { return sharingNames.String(uint8(s)) }

// MarshalText returns the text in a profile.
func (s Sharing) MarshalText() ([]byte, error) { return sharingNames.Marshal(uint8(s)) }

// UnmarshalText takes the text in a profile.
func (s *Sharing) UnmarshalText(b []byte) error { return strict.Unmarshal(sharingNames, s, b) }

// Values returns the texts that a profile may use.
func (Sharing) Values() []string { return sharingNames.Values() }

// String returns the text in a profile, or Unknown(n).
func (c Class) String() string { return classNames.String(uint8(c)) }

// MarshalText returns the text in a profile.
func (c Class) MarshalText() ([]byte, error) { return classNames.Marshal(uint8(c)) }

// UnmarshalText takes the text in a profile.
func (c *Class) UnmarshalText(b []byte) error { return strict.Unmarshal(classNames, c, b) }

// Values returns the texts that a profile may use.
func (Class) Values() []string { return classNames.Values() }
