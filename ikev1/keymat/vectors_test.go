package keymat_test

import "github.com/useipsec/useipsec/ikev1/keymat"

// Published known answers, as facts. All octets are in hexadecimal.

// kdfVector is one derivation of SKEYID and its three children.
type kdfVector struct {
	name                        string
	auth                        string // psk, signature or pke
	hash                        keymat.Hash
	cookieI, cookieR            string
	ni, nr                      string
	gxy                         string
	psk                         string
	skeyid, skeyD, skeyA, skeyE string
}

// From NIST's Automated Cryptographic Validation Protocol, kdf-components IKEv1 1.0 (by tcId), and from libreswan's cavp test
// ikev1_psk. The secret g^xy of these is shorter than that of any group.
var kdfVectors = []kdfVector{
	{
		name: "ACVP tcId 105, signature, sha1", auth: "signature", hash: keymat.SHA1,
		cookieI: "42bce18184e4d97c", cookieR: "d2d154622a648514",
		ni: "e7df6d752bde21636d82bab5e80792a10a88454f3842b1395847bd416a780a1a44c42571fc469ab5f6687701f6a7b82c08f304617071b10d" +
			"5069bbc69318cbe584b05da0349b950ee9b5c1ea4f02a3130e5159365d8ecba1645a0c9254846ab852c70399bbc67d622a62ef3b1216675d" +
			"fc104afed01eac884a1867b2fdbf71d9f1d400b75f9f24584f29540a1615bacc0c0951c65d5b8c527e6339e01fcd8b7e6c0651cde274664d" +
			"d6a85a5c702bec83f9867f883edddf42a1e22cc6edfb01a986c5350299b4528c9290a33d9e2e35aa2a26dc20761244a209ea813501f9de7a" +
			"e5f88aa6d516aad5a7f69b827fe92d23182dc0cb76e6a2116b0b19448af9832d",
		nr: "06d5490a78280cff69d10c900123a186e7a343833fd657798ca187e31ee234b5bd2cce21cde1f060a875f8fdc1edf5b3b126fa72f344fbd4" +
			"f706fc7898b56562ced0",
		gxy:    "43ebcf7d36edf6505fb60cf723072396fe61f8853a92d2baa80370a5",
		skeyid: "597c465e61f5fafcdc64cfb137d0ca58f4185a56",
		skeyD:  "56d3e7e068aec9b7608ef28105a458f62d0dd5b9",
		skeyA:  "90aa6f803893a0e54e5d2ab7dd392df30df50596",
		skeyE:  "b09174d3955a08d8586f2aa47bddc05195d2b37a",
	},
	{
		name: "ACVP tcId 2179, psk, sha256", auth: "psk", hash: keymat.SHA256,
		cookieI: "e5fe39db18760e64", cookieR: "5beebfeb5a18b99b",
		ni: "7a2780ddc8dfd548fb181cc82facba355ebe2a46fe98c7b7bea99d0a177203ed398451aa9f5b07310ca6bee9a6c3c1b40ec9dc14743908cc" +
			"d22038d010e1efb902c38bf061c8ff3ad39f80066499d7f779adec062c05b0c475b2739f95dbd08cad22837eba3a62fad0081a25fe7d7e45" +
			"bfceabe06e9cdc8541452ac3c3cf43edc47e84e3de97c5258e5aa3098af20a9f76366ed8c8940b310561167f60f0557311a517091df47b2e" +
			"a6747479cee2e757c58bb419435592dc88a1d75ac66c9a02d471eb714acf2b2a50b22e5b7093d3ddbcdcebfaf32ae5fd1761d8481fcce1d5" +
			"d0e50da1bfa334b085a7432952a93e60eaf727a8416ae7e113aa157e80b0d294",
		nr: "b5959a208cd79d0bed19f6761e03aa3be8762220a5efb5b5f399a2ae904dd3ba91914a38ef9b817e0e64da0fceac3487acca28eb31a0f500" +
			"cd8abc0d55ac70c828c422538b5705116254c09bf08240afa7f85b0116fb7fb4e4d58ff5ade4d2cfffcb920e5bdb8007cb3fe7b054dad65d" +
			"8069f1287c7093bad27e2e0b5fd15049051475c6e0c0199821d771a9b6513213e1efc7fe2ed8e4759173ce7574a1df3de89e0286edb74c47" +
			"68200160e6242da0f3a3ad3e0e39e8079b627e2d0781b9223758cee4f226b68e2dd63716e07fd810a0d6f62dc41795b682f4ada3467a1d9f" +
			"36e1e0be35ce77ead07155a4f06afc4906c5a82521ef04171603b26911860083",
		gxy:    "bd831dab010d5eab11403a1f1ad20dcb108460bac41a72478db4b30b",
		psk:    "dd",
		skeyid: "c12c1fb20a57fdcf7fbbdf3135054b53f7d0d81de67956c7602ae8e1b4ab9f9e",
		skeyD:  "6e98baf5326446e670ef65c0b7c2d820ce363f221de0cd5b6e7e5231c3121f3a",
		skeyA:  "8b129f60e6226305ed3dbe3f917ac13f15929f316ef6aee6a800ab7082564342",
		skeyE:  "2f7bd189ea70f1069a15fc9725c5980c8dd8f1a94dd37ec161964f45965136c0",
	},
	{
		name: "ACVP tcId 3963, pke, sha384", auth: "pke", hash: keymat.SHA384,
		cookieI: "544f5602d2c1c3a0", cookieR: "2442502204f29a52",
		ni: "faf18c628e621141",
		nr: "00f27cf95ea3e3f134f4b20290e9b4b133402ff2a668a2a693433b11f3ed39da5c8cf12ccf17315334f68ba6992e95906149f00b9b1f2cf1" +
			"1e4b1090f618e7c09a4b30267a16fb234bcb11d25ac0f1a3d3322adbaed4258db36b42ca3a7d1e46c8e5678ad269c38b259ee0c1acdf5d61" +
			"164b0d155fb0a602d6038f3da221c22c8cbeb2b72207efe148898c54d6fb9042a9e5ecfdaaab057a9d8992c14a0b15b1f2b7bd3c22064602" +
			"48b8c1642b438c68c4d948b7d2b5e34afbd4be6909389909edb7976364541cf19dbeb28ef6014f5bf39cf9e31402698a1a21913ef8e4c0fb" +
			"46b7657a9f7f04bebd5dba3c3ffe6c8d12b64dca33dfc0533236e26813d94f57",
		gxy:    "673e94645b306e6d2f0668af2a9ae4982e02b845275afb07771de3f1",
		skeyid: "8506e66cf99960331b4b71d058ab4cd30ffbd0236dabc8e0237d3ec4d4d1485099a6f443ad6eefbc1b3c47614ad9a6ad",
		skeyD:  "3f5338ad2236c6b9d34ede76189e14147cb55892854cfda4522a2fe160a368181cd3d7be0710bf8f574a639bad4f4d00",
		skeyA:  "364086ded93f6e613173c09cb343a99f3b728fb83e9679faf9c9d9e25d150c753bfe1dfdaa6357fac480e75e9bfd33fe",
		skeyE:  "b3570ad500e02600224252458dfe7edd8797c9098b2502197ddef255adddf3717f95b3ea3235eb2ef3165b12cee0f878",
	},
	{
		name: "libreswan cavp, psk, sha1", auth: "psk", hash: keymat.SHA1,
		cookieI: "83d374c30b3b5082", cookieR: "5afc0da06c728029",
		ni:     "b9a2d0e922dc66dd",
		nr:     "2130166863b5ddef",
		gxy:    "739003ba2c11c982946c65e26acf661fbf8ebb78011a9fead79efa12fe3e71cc",
		psk:    "75",
		skeyid: "62b04d112877e442fc3282fc37c076997718a0b9",
		skeyD:  "369e5aad1bdb5faf6a3d929d500cdc236710a9ab",
		skeyA:  "588e957d8d790d093b3a39f121473473af78e9bb",
		skeyE:  "cd74b0c048219db81384d3fda8f6cda51e398a2b",
	},
}

// mainMode is a main mode between two strongSwans, aes128-cbc/sha1/modp1024 with a pre-shared key, as its daemons logged it.
var mainMode = struct {
	psk                                     string // text
	cookieI, cookieR, ni, nr, gxi, gxr, gxy string
	sai, idii, idir                         string
	skeyid, skeyD, skeyA, skeyE, key, iv    string
	hashI, hashR                            string
}{
	psk:     "Wollowitz",
	cookieI: "018ef04f7cf72e4f",
	cookieR: "5f28fdf279308a94",
	ni:      "f07017c163648da6fe1f3f53888c1d0d13821a27c8a0fa431aef0dbf5dc1b3ec",
	nr:      "3b4ff4bb0cc504c7bbdda7f3b2897aed87eca7c4d616bc190927b22c61949015",
	gxi: "fbbf078c9512cc3b9b038f9c15d6cab42567a8a8f9d762fe4e5a82e925d1884467616ca74337c3377a80ff2ea5a4e3b8fb0f68f4d604a2a9" +
		"9f6b53ca45624bb37cc67caf894ab3d42d4f6ddcb6bffc6266f2fc57eebed31caa0184dfad9f2b6b1bebba28545df88391df5d11edf8bf45" +
		"c2b429eb5b48e5a4880fde4b66f35a4f",
	gxr: "694a7ef2d0cbcfb02e926513bb14e51544217e81a077dcc910b43b7033b19d329a495ef5d3277be2d18788d6b79e3ec84f75ffbedb5acad5" +
		"903dbb7d4904c0d5c642e1d08a3c0301197f7bc680c339d85217ca6a55303dedcab6f3412cb74d3f23337f71ccc1f108ebcbdcc2783dce05" +
		"9c70e03e73781331ac2ad6fd0f63e1ff",
	gxy: "151beecaf97f113ac8a9680230bbda0df278f61063a16907787d2aa0f348201c19cdd1a7b1e5040cd5bed0d82b7b3ebadb4b5a6e5584c4b4" +
		"26f05abaa9b57394cbc581354839b6ff6c2c2960c4f5ec8c7552251634dea1f7a0085431d45e1a158ef829ada2362ba8da16a92d56a83793" +
		"9931a980cdf38d16425d7a5346a31079",
	sai:    "00000001000000010000002c00010001000000240101000080010007800e0080800200028004000280030001800b0001800c0e10",
	idii:   "01000000c0a80064",
	idir:   "01000000c0a80065",
	skeyid: "970cf3d91d942cf3847eb021a026517fe3eb5ec7",
	skeyD:  "875f27d8afa5480b24bd3f3a3515b1462f5ba3ff",
	skeyA:  "282b8de1e940af5a12036a0b2baf81da4c2687c5",
	skeyE:  "4f8e6565f454ccc77de9c313fc206fe962b41193",
	key:    "4f8e6565f454ccc77de9c313fc206fe9",
	iv:     "2c46d2466004d85861f2ffe3a8b8d35b",
	hashI:  "c00b80cfba96e8bbb7fc85c71de64ffb62729152",
	hashR:  "c1b5a2514978782bf7c14f675cb5eda25ba4ce0e",
}

// aggressiveVector is the responder's proof of an aggressive mode with a pre-shared key.
type aggressiveVector struct {
	name                                          string
	hash                                          keymat.Hash
	psk                                           string // text
	nortelUser                                    string // Nortel's products make the key from the password and this
	cookieI, cookieR, ni, nr, gxi, gxr, sai, idir string
	hashR                                         string
}

// From the checks of ike-scan's psk-crack and from hashcat's example hashes.
var aggressiveVectors = []aggressiveVector{
	{
		name: "ike-scan check-psk-crack-2", hash: keymat.MD5, psk: "abc123",
		cookieI: "756e3fa11c1b102c",
		cookieR: "b2a3c7aa4be95e85",
		ni:      "251d7ace920b17cb34f9d561bca46d037b337d19",
		nr:      "e045819a64edbf022620bff3efdb935216584cc4",
		gxi: "fde8c68c5f324c7dbcbadde1d757af6962c63496c009f77cad647f2997fd4295e50821453a6dc2f6279fd7fef68768584d9cee0da6e68a53" +
			"4a097ce206bf77ecc798310206f3f82d92d02c885794e0a430ceb2d6b43c2aff45a6e14c6558382df0692ff65c2724eef750764ee456f314" +
			"24a5ebd9e115d826bbb9722111aa4e01",
		gxr: "5c7916ddf8db4d233b3b36005bb3ccc115a73807e11a897be943fd4a2d0f942624cb00588d8b3a0a26502b73e639df217ef6c4cb90f96b0a" +
			"3c3ef2f62ed025b4a705df9de65e33e380c1ba5fa23bf1f9911bbf388d0844256fa0131fc5cf8acb396936ba3295b4637b039d93f58db90a" +
			"3a1cf1ef5051103bacf6e1a3334f9f89",
		sai:   "00000001000000010000002c01010001000000240101000080010001800200018003000180040002800b0001000c000400007080",
		idir:  "01000000ac100202",
		hashR: "b9c594fa3fca6bb30a85c4208a8df348",
	},
	{
		name: "hashcat mode 5400", hash: keymat.SHA1, psk: "hashcat",
		cookieI: "f1f8da1f38f76923",
		cookieR: "f4dd079ed2b60e77",
		ni:      "e754055008febe970053d795d26bfe609f42eda8",
		nr:      "0c3283efd6396e7a2ecb008e1933fccb694a4ac0",
		gxi: "60f861c6209c9c996ac0dcb49d6f6809faaaf0e8eb8041fe603a918170a801e94ab8ab10c5906d850f4282c0668029fa69dbc8576f7d8663" +
			"3dc2b21f0d79aa06342b02a4d2732841cd3266b84a7eb49ac489b307ba55562a17741142bac7712025f0a8cad59b11f19d9b756ce998176f" +
			"d6b063df556957b257b3645549a138c2",
		gxr: "266b43c54636c062b6696b71f24b30999c98bd4c3ba57e2de56a7ae50bb17ebcbca1abcd33e9ad466d4df6e6f2a407600f0c5a983f79d493" +
			"b0a3694080a81143d4bac7a8b7b008ae5364a04688b3cfae44824885ca96ade1e395936567ecad519b502c3a786c72847f79c67b777feb8b" +
			"a4f747303eb985709e92b3a5634f6513",
		sai: "fd862602549f6949b33870f186d96cb8926a19d78442c02af823460740be719eba41a79388aeefb072e1ec7cb46b2f0b72e21fb30bd3a656" +
			"8d2b041af7f9dc0c9cce27ed577e5aabb9ab6c405f1c4b189adbee8c9fb6abf4788b63a3ae05a02c192187b9d7246efe5e46db9b01bf8f4b" +
			"e05f7599ae52bf137743e41d90dceb85bd6ae07397dcc168bbc904adfebb08e6bc67e653edeee97a7e4ab9dab5e63fec",
		idir:  "56e3f0d49ea70514",
		hashR: "8f79167724f4bdb2d76ee5d5e502b665e3445ea6",
	},
	{
		name: "ike-scan check-psk-crack-3", hash: keymat.MD5, psk: "abc123", nortelUser: "test",
		cookieI: "bcc589f4ac89e296",
		cookieR: "5bb290ba45868004",
		ni:      "044010b3e3f3231853c86b242bd64a12e9d8449e",
		nr:      "852dea148d592231ed90b386c8dabe7f97fd270b",
		gxi: "fc831092e3b20a9f9213dbed92adb7f52b6527b94ea563a25659f610b70d1a2e2c196d5c288ed235ab155e5ba5355d65d64ea3e56b98ee11" +
			"7d73c47d3648085a93a8331be5579df466a6b67a005fae9bdd38c090791df9b6ef6314bb9efdf13e",
		gxr: "d629dabe8c05c518767cc19826f27f30769dee778143e0f7625647058f9e9788c67f32fc8fcdb40b1dc59c91b8001554bcf795b6e69562f7" +
			"dfd1c16760a13e7abe22e9af399c4500e66f72287f0b943dcf20d2d7f0edd5dc7a7d8d94928b46e9",
		sai:   "000000010000000100000024010100010000001c0101000080010001800200018003000180040001ffff001a",
		idir:  "01000000c0a87c98",
		hashR: "1774127c7adf7bf24ce777a632d21679",
	},
	{
		name: "ike-scan check-psk-crack-4", hash: keymat.MD5, psk: "12345678901234567890123456789012345678901234567890123456789012345",
		cookieI: "52816a0877553fd4",
		cookieR: "783c309391a03bc3",
		ni:      "2211642a52407f9b7130a4571cb9c6e7e750bf57",
		nr:      "12fbeb37130dfe0d093530870658fbc9096c2053",
		gxi: "8588a18ca324180948e403f727df0525c88c229728bfc837c6f2232163566379426a916d7001de706d517335ad88c2a97f20cd86b546c52a" +
			"2434ffbc3858c3a469fb3bec78e0dc6eb088fe7cf4df1e8760843edd1b5381c852a57ba97be1c1567c5ccbbb94bc646735bd7c63a671af91" +
			"65ecf03d44f09a0f291c9342eeb1450b",
		gxr: "11c1fe3625f121b6d3a78c83b1e95d8ddd0dcd995219506b05641825ba98623fe5332e8fceb293cb7444ec5be93c78689e6bd59746445ce4" +
			"98c6d34f3440201020de158af7d7a4df60493c2a5a8f0f588827ad39e8f332064c597a82b70dbb7a93f0dbeda1f55bcf84088500f272db6b" +
			"0a612d16138099ad9c751d9e77d484d7",
		sai:   "00000001000000010000002c01010001000000240101000080010005800200018003000180040002800b0001000c000400007080",
		idir:  "011101f43e0369fb",
		hashR: "d4ee32d6fc95517eb672c199ed510bbb",
	},
}
