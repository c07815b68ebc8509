using System.Globalization;
using System.Text.RegularExpressions;
using Scoring.Models.Wire;
using Scoring.Tests.Features;

namespace Scoring.Tests.Files;

/// <summary>The maps of docs/files.md, each on invented rows of its set's shape.</summary>
public sealed partial class PublicDataSetTests
{
    private static readonly Dictionary<string, string> Maps = ReadMaps();

    private static readonly string Components = string.Concat(Enumerable.Range(1, 28).Select(i => $",\"V{i}\""));

    public static TheoryData<string> Sets => [.. Maps.Keys];

    [Fact]
    public void Every_set_of_the_page_is_tested_here()
    {
        string[] tested = ["Kaggle creditcard", "IEEE-CIS", "PaySim", "BankSim", "Sparkov", "IBM TabFormer", "CaixaBank", "Stripe charges", "ISO 8583", "ISO 20022"];
        Assert.Equal(tested, Maps.Keys);
    }

    [Fact]
    public void Kaggle_creditcard()
    {
        var zeros = string.Concat(Enumerable.Repeat(",0.5", 28));
        var read = Read("Kaggle creditcard", "creditcard.csv", $"\"Time\"{Components},\"Amount\",\"Class\"\n0{zeros},149.62,\"0\"\n1e+05{zeros},2.69,\"1\"\n100000.5{zeros},0,\"0\"\n");

        Assert.Equal(
            [
                "cc-2 cc-2 - 149.62 EUR 2013-09-01T00:00:00.000Z False",
                "cc-3 cc-3 - 2.69 EUR 2013-09-02T03:46:40.000Z True",
                "cc-4 cc-4 - 0 EUR 2013-09-02T03:46:40.500Z False",
            ],
            read);
    }

    [Fact]
    public void Ieee_cis() => Assert.Equal(
        [
            "3900001 11001-404.0-150.0-visa-226.0-debit-315.0 W 68.5 USD 2017-12-01T00:00:00.000Z False",
            "3900002 11002--150.0-american express-102.0-credit- C 29.951 USD 2017-12-01T00:01:01.000Z True",
        ],
        Read(
            "IEEE-CIS",
            "train_transaction.csv",
            """
            TransactionID,isFraud,TransactionDT,TransactionAmt,ProductCD,card1,card2,card3,card4,card5,card6,addr1,P_emaildomain
            3900001,0,86400,68.5,W,11001,404.0,150.0,visa,226.0,debit,315.0,
            3900002,1,86461,29.951,C,11002,,150.0,american express,102.0,credit,,example.org
            """,
            TransactionField.Channel));

    [Fact]
    public void Pay_sim() => Assert.Equal(
        [
            "ps-2 C100000001 M200000001 91.64 - 2017-01-01T01:00:00.000Z False",
            "ps-3 C100000001 C100000009 181 - 2017-01-02T01:00:00.000Z True",
        ],
        Read(
            "PaySim",
            "PS.csv",
            """
            step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud,isFlaggedFraud
            1,PAYMENT,91.64,C100000001,500.0,408.36,M200000001,0.0,0.0,0,0
            25,TRANSFER,181.0,C100000001,181.0,0.0,C100000009,0.0,0.0,1,0
            """));

    [Fact]
    public void Bank_sim() => Assert.Equal(
        [
            "bs-2 C1001 M2001 4.55 - 2013-01-01T00:00:00.000Z False",
            "bs-3 C1002 M2001 39.68 - 2013-06-29T00:00:00.000Z True",
        ],
        Read(
            "BankSim",
            "bs140513_032310.csv",
            """
            step,customer,age,gender,zipcodeOri,merchant,zipMerchant,category,amount,fraud
            0,'C1001','4','M','28007','M2001','28007','es_transportation',4.55,0
            179,'C1002','2','F','28007','M2001','28007','es_health',39.68,1
            """));

    [Fact]
    public void Sparkov() => Assert.Equal(
        [
            "0a1b A|Tester|1990-01-01 fraud_Invented, Sons and Co 4.97 USD 2019-01-01T00:00:18.000Z False",
            "0a1c B|Tester|1991-02-03 fraud_Invented, Sons and Co 812.4 USD 2019-01-03T00:00:18.000Z True",
        ],
        Read(
            "Sparkov",
            "fraudTrain.csv",
            """
            ,trans_date_trans_time,cc_num,merchant,category,amt,first,last,gender,street,city,state,zip,lat,long,city_pop,job,dob,trans_num,unix_time,merch_lat,merch_long,is_fraud
            0,2019-01-01 00:00:18,4111111111111111,"fraud_Invented, Sons and Co",misc_net,4.97,A,Tester,F,1 Any Street,Anytown,NC,28000,36.0,-81.0,3495,"Tester, lead",1990-01-01,0a1b,1325376018,36.01,-82.04,0
            1,2019-01-03 00:00:18,5555555555554444,"fraud_Invented, Sons and Co",misc_net,812.4,B,Tester,F,1 Any Street,Anytown,NC,28000,36.0,-81.0,3495,"Tester, lead",1991-02-03,0a1c,1325462418,36.01,-82.04,1
            """));

    [Fact]
    public void Ibm_tab_former() => Assert.Equal(
        [
            "tf-2 0-0 3527000000000000001 134.09 USD 2019-09-01T06:21:00.000Z False",
            "tf-3 0-1 -727000000000000002 -25 USD 2019-09-01T06:42:00.000Z False",
            "tf-4 0-0 3527000000000000001 1200.55 USD 2019-10-12T23:59:00.000Z True",
        ],
        Read(
            "IBM TabFormer",
            "card_transaction.v1.csv",
            """
            User,Card,Year,Month,Day,Time,Amount,Use Chip,Merchant Name,Merchant City,Merchant State,Zip,MCC,Errors?,Is Fraud?
            0,0,2019,9,1,06:21,$134.09,Swipe Transaction,3527000000000000001,Anytown,CA,91750.0,5300,,No
            0,1,2019,9,1,06:42,$-25.00,Chip Transaction,-727000000000000002,Anytown,CA,91754.0,5411,,No
            0,0,2019,10,12,23:59,"$1,200.55",Online Transaction,3527000000000000001,ONLINE,,,5732,"Bad PIN,Insufficient Balance",Yes
            """));

    [Fact]
    public void Caixa_bank()
    {
        var read = EventFiles.Read(
            "transactions_data.csv",
            """
            id,date,client_id,card_id,amount,use_chip,merchant_id,merchant_city,merchant_state,zip,mcc,errors
            7000001,2010-01-01 00:01:00,1556,2972,$-77.00,Swipe Transaction,59935,Anytown,ND,58523.0,5499,
            7000002,2010-01-01 00:02:00,561,4575,$14.57,Swipe Transaction,67570,Anytown,IA,52722.0,5311,Bad CVV
            7000003,2010-01-01 00:03:00,561,4575,$80.00,Swipe Transaction,67570,Anytown,IA,52722.0,5311,
            """,
            Maps["CaixaBank"],
            ("train_fraud_labels.json", """{"target": {"7000001": "No", "7000002": "Yes", "9999999": "Yes"}}"""));

        Assert.Equal(
            [
                "7000001 2972 59935 -77 USD 2010-01-01T00:01:00.000Z -",
                "7000002 4575 67570 14.57 USD 2010-01-01T00:02:00.000Z True",
                "7000003 4575 67570 80 USD 2010-01-01T00:03:00.000Z -",
            ],
            read.Rows.Select(r => Shown(r, TransactionField.MerchantId)));
        Assert.Equal("561", read.Rows[1].Text(TransactionField.UserId));
        Assert.Equal(["train_fraud_labels.json: 3 labels, 2 of them fraud, 1 of these of rows that were read"], read.Notes);
    }

    [Fact]
    public void Stripe_charges()
    {
        var read = EventFiles.Read(
            "charges.jsonl",
            string.Join('\n', [Charge(1, 1234, "eur"), Charge(2, 500, "jpy"), Charge(3, 1500, "kwd"), Charge(4, 500, "isk"), Charge(5, 999, "eur", "failed"), Charge(6, 7, "mga", disputed: true)]),
            Maps["Stripe charges"]);

        Assert.Equal(
            [
                "ch_1 fp1 cus_1 12.34 eur 2026-01-01T10:00:01.000Z False",
                "ch_2 fp1 cus_1 500 jpy 2026-01-01T10:00:02.000Z False",
                "ch_3 fp1 cus_1 1.5 kwd 2026-01-01T10:00:03.000Z False",
                "ch_4 fp1 cus_1 5 isk 2026-01-01T10:00:04.000Z False",
                "ch_6 fp1 cus_1 7 mga 2026-01-01T10:00:06.000Z True",
            ],
            read.Rows.Select(r => Shown(r, TransactionField.UserId)));
        Assert.Equal(1, read.LeftOut);
    }

    [Fact]
    public void Iso_8583() => Assert.Equal(
        [
            "412200000001-000001 tok-1 SHOP1 12.34 978 2026-03-01T12:00:00.000Z -",
            "412200000002-000002 tok-1 SHOP1 -500 392 2026-03-01T12:00:07.000Z -",
        ],
        Read(
            "ISO 8583",
            "messages.jsonl",
            """
            {"0":"0100","2":"tok-1","3":"000000","4":"000000001234","7":"0301120000","11":"000001","18":"5411","22":"051","37":"412200000001","41":"T1      ","42":"SHOP1          ","49":"978"}
            {"0":"0110","2":"tok-1","3":"000000","4":"000000001234","7":"0301120001","11":"000001","37":"412200000001","39":"00","49":"978"}
            {"0":"0200","2":"tok-1","3":200000,"4":"500","7":"0301120007","11":"000002","18":"5411","22":"051","37":"412200000002","41":"T1      ","42":"SHOP1          ","49":"392"}
            """));

    [Fact]
    public void Iso_20022() => Assert.Equal(
        [
            "r-1 PAR1 SHOP1 12.34 EUR 2026-03-01T11:00:00.000Z -",
            "r-2 PAR1 SHOP1 -3 EUR 2026-03-01T11:00:05.000Z -",
        ],
        Read("ISO 20022", "caaa.jsonl", $"{Authorisation("r-1", "12:00:00", "12.34", "CRDP")}\n{Authorisation("r-2", "12:00:05", "3", "RFND")}\n"));

    // A set that the page gains is a map that can be read at least, until its rows stand above.
    [Theory]
    [MemberData(nameof(Sets))]
    public void The_maps_of_the_page_are_maps(string set) => Assert.NotEmpty(EventFiles.Parse(Maps[set]).Columns);

    private static IEnumerable<string> Read(string set, string file, string content, TransactionField shown = TransactionField.MerchantId)
    {
        var read = EventFiles.Read(file, content, Maps[set]);
        Assert.Empty(read.Errors);
        Assert.Empty(read.Notes);
        return read.Rows.Select(r => Shown(r, shown));
    }

    private static string Shown(ReadRow row, TransactionField shown) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.Id} {row.Card} {OrNone(row.Text(shown))} {row.Amount:0.####} {OrNone(row.Text(TransactionField.Currency))} {row.Time} {OrNone(row.IsFraud?.ToString() ?? "")}");

    private static string OrNone(string text) => text.Length == 0 ? "-" : text;

    private static string Charge(int number, long amount, string currency, string status = "succeeded", bool disputed = false) =>
        """{"id":"ch_#","object":"charge","amount":AMOUNT,"currency":"CURRENCY","created":CREATED,"customer":"cus_1","disputed":DISPUTED,"status":"STATUS","payment_method_details":{"type":"card","card":{"brand":"visa","country":"US","fingerprint":"fp1","last4":"4242"}},"metadata":{}}"""
            .Replace("#", $"{number}", StringComparison.Ordinal)
            .Replace("AMOUNT", $"{amount}", StringComparison.Ordinal)
            .Replace("CURRENCY", currency, StringComparison.Ordinal)
            .Replace("CREATED", $"{1_767_261_600 + number}", StringComparison.Ordinal)
            .Replace("DISPUTED", disputed ? "true" : "false", StringComparison.Ordinal)
            .Replace("STATUS", status, StringComparison.Ordinal);

    private static string Authorisation(string id, string time, string amount, string type) =>
        """{"AccptrAuthstnReq":{"Hdr":{"MsgFctn":"AUTQ"},"AuthstnReq":{"Envt":{"Mrchnt":{"Id":{"Id":"SHOP1"}},"POI":{"Id":{"Id":"T1"}},"Card":{"PmtAcctRef":"PAR1","MskdPAN":"411111******1111"}},"Tx":{"TxTp":"TYPE","MrchntCtgyCd":"5411","TxId":{"TxDtTm":"2026-03-01TTIME+01:00","TxRef":"REF"},"TxDtls":{"Ccy":"EUR","TtlAmt":AMOUNT}}}}}"""
            .Replace("TYPE", type, StringComparison.Ordinal)
            .Replace("TIME", time, StringComparison.Ordinal)
            .Replace("\"REF\"", $"\"{id}\"", StringComparison.Ordinal)
            .Replace("AMOUNT", amount, StringComparison.Ordinal);

    private static Dictionary<string, string> ReadMaps()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "files.md"));
        var sets = page[page.IndexOf("## Maps of public data sets", StringComparison.Ordinal)..];
        return SetPattern().Matches(sets).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
    }

    [GeneratedRegex(@"^### (.+?)\n(?:(?!###|```).*\n)*```yaml\n((?:(?!```).*\n)*)```", RegexOptions.Multiline)]
    private static partial Regex SetPattern();
}
